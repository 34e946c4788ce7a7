// Plain functions of an instrumented file are wrapped by this: it writes down their calls. A part of the sandbox.
//
// A call is written if its arguments and its value are plain JSON. Three runs of the tests are compared afterwards.
;(globalThis.__miloRecord ??= (() => {
  const mostCalls = 12, longest = 300, deepest = 6, counts = new Map();
  const plain = (value, depth = 0) => {
    if (value === null || typeof value === "boolean" || typeof value === "string") return true;
    if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
    if (typeof value !== "object" || depth > deepest) return false;
    if (Array.isArray(value)) return Array.from(value).every((one) => plain(one, depth + 1));
    // Test runners give each file a world of its own, so the name of the constructor is compared, and not itself.
    const kind = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
    return kind === "Object" && !Object.getOwnPropertySymbols(value).length
      && Object.values(value).every((one) => plain(one, depth + 1));
  };
  const written = (value) => {
    try {
      const text = plain(value) ? JSON.stringify(value) : "";
      return text.length <= longest ? text : "";
    } catch {
      return "";
    }
  };
  const write = (line) => {
    try {
      const load = process.getBuiltinModule ?? require;
      load("node:fs").appendFileSync(OUT, JSON.stringify(line) + "\n");
    } catch {
      // No file, no question.
    }
  };
  return (path, name, line, made) => typeof made !== "function" ? made : new Proxy(made, {
    apply(target, self, given) {
      const before = written(given);
      const value = Reflect.apply(target, self, given);
      const text = before ? written(value) : "";
      const key = `${path}:${name}`, count = counts.get(key) ?? 0;
      if (text && count < mostCalls && written(given) === before) {
        counts.set(key, count + 1);
        write({ path, function: name, line, call: `${name}(${before.slice(1, -1)})`, value: text });
      }
      return value;
    },
  });
})());
