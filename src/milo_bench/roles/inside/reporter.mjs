// Events of node's test runner in, one JSON line for each test out; a program of the sandbox.

export default async function* report(events) {
  const names = [];
  for await (const { type, data } of events) {
    if (type === "test:start") {
      names.length = data.nesting;
      names[data.nesting] = data.name;
    } else if (type === "test:pass" || type === "test:fail") {
      const error = data.details?.error;
      const why = String(error?.cause?.message ?? error?.message ?? "");
      const name = [...names.slice(0, data.nesting), data.name];
      const outcome = data.skip !== undefined || data.todo !== undefined ? "skipped" : type === "test:pass" ? "passed" : "failed";
      const suite = data.details?.type === "suite";
      const line = { file: data.file ?? "", name, outcome, suite, why: why.slice(0, 300) };
      yield JSON.stringify(line) + "\n";
    }
  }
}
