// Test files of a tree in, the outcome of each test out, line by line; a program of the sandbox.
//
// The first line of its input is {"nonce", "root", "prefix", "files", "modules", "runner", ...}. Tests are named with the
// prefix: the folder of their project in the repository.
// Tests run in processes of their own, whose output goes to standard error. Results go to standard output, each with
// the nonce, which no test process is given. A canary is a test that must fail, added to each file: one that passes
// shows that an assertion was patched, one that is missing that the process left before its tests ended.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

const asked = JSON.parse(readFileSync(0, "utf8"));
let turn = 0;

function tell(kind, more) {
  const data = Buffer.from(JSON.stringify({ nonce: asked.nonce, kind, turn, ...more }) + "\n");
  for (let sent = 0; sent < data.length; ) sent += writeSync(1, data, sent);
}

const commands = {
  node: (files, out) => [
    ...asked.options, "--test", `--test-reporter=${asked.reporter}`, `--test-reporter-destination=${out}`, ...files,
  ],
  vitest: (files, out) => [
    ...asked.options, join(asked.modules, "vitest/vitest.mjs"), "run", "--reporter=json", `--outputFile=${out}`,
    "--no-cache", "--coverage.enabled=false", "--passWithNoTests", ...files,
  ],
  jest: (files, out) => [
    ...asked.options, join(asked.modules, "jest/bin/jest.js"), "--ci", "--json", `--outputFile=${out}`, "--runInBand",
    "--cacheDirectory=/tmp/jest", "--coverage=false", "--passWithNoTests", "--runTestsByPath", ...files,
  ],
  mocha: (files, out) => [
    ...asked.options, join(asked.modules, "mocha/bin/mocha.js"), "--reporter=json", `--reporter-option=output=${out}`,
    "--exit", ...files,
  ],
};
const readers = { node: ofNode, vitest: ofJest, jest: ofJest, mocha: ofMocha, tape: ofTap };

function* ofNode(text) {
  for (const line of text.split("\n")) {
    if (!line) continue;
    const { file, name, outcome, suite, why } = JSON.parse(line);
    // A file is a test of its own: it fails where it cannot be loaded.
    const whole = name.length === 1 && asked.files.some((one) => resolve(asked.root, name[0]) === resolve(asked.root, one));
    if (whole && outcome === "failed") yield { file: name[0], why };
    else if (!whole && !suite) yield { file, name, outcome, why };
  }
}

function* ofJest(text) {
  for (const file of JSON.parse(text).testResults) {
    if (!file.assertionResults.length && file.status === "failed") yield { file: file.name, why: file.message ?? "" };
    for (const test of file.assertionResults) {
      const outcome = test.status === "passed" || test.status === "failed" ? test.status : "skipped";
      const why = (test.failureMessages ?? []).join("\n");
      yield { file: file.name, name: [...test.ancestorTitles, test.title], outcome, why };
    }
  }
}

function* ofMocha(text) {
  const said = JSON.parse(text);
  const skipped = new Set(said.pending.map((test) => test.fullTitle));
  for (const test of said.tests) {
    const failed = test.err && Object.keys(test.err).length > 0;
    const outcome = failed ? "failed" : skipped.has(test.fullTitle) ? "skipped" : "passed";
    yield { file: test.file ?? "", name: [test.fullTitle], outcome, why: test.err?.message ?? "" };
  }
  for (const test of said.failures) {
    yield { file: test.file ?? "", name: [test.fullTitle], outcome: "failed", why: test.err?.message ?? "" };
  }
}

function* ofTap(text, file) {
  for (const line of text.split("\n")) {
    const found = /^(not )?ok\b\s*\d*\s*-?\s*(.*?)(\s+#\s*(skip|todo)\b.*)?$/i.exec(line);
    if (found) yield { file, name: [found[2]], outcome: found[4] ? "skipped" : found[1] ? "failed" : "passed", why: "" };
  }
}

function run(words) {
  // TEST environment variables as every runner sets them; the nonce is in none.
  const done = spawnSync(process.execPath, words, {
    cwd: asked.root, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 << 20, env: { ...process.env, CI: "1", NODE_ENV: "test" },
  });
  writeSync(2, done.stderr.subarray(-2000));
  return done;
}

function lastLine(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).at(-1) ?? "";
}

function tellCalls() {
  try {
    for (const line of readFileSync(asked.calls, "utf8").split("\n")) if (line) tell("call", JSON.parse(line));
    rmSync(asked.calls);
  } catch {
    // No call was recorded.
  }
}

function once() {
  const out = join(mkdtempSync(join(tmpdir(), "milo-")), "results");
  const loaded = new Set(), failed = new Set();
  const readAll = (text, file) => {
    for (const { file: path, name, outcome, why } of readers[asked.runner](text, file)) {
      const place = relative(asked.root, resolve(asked.root, path || file || asked.files[0]));
      const reason = lastLine(String(why ?? "")).slice(-300) || String(why ?? "").slice(0, 300);
      if (!name) {
        failed.add(place);
        tell("uncollected", { test: asked.prefix + place, why: String(why ?? "").split("\n")[0].slice(0, 300) });
      } else if (asked.canary && name.join(" ").includes(asked.canary)) {
        loaded.add(place);
        tell("canary", { test: asked.prefix + place, outcome });
      } else {
        tell("test", { test: `${asked.prefix}${place}::${name.join(" > ")}`, outcome, why: outcome === "failed" ? String(why ?? "").split("\n")[0].slice(0, 300) || reason : "" });
      }
    }
  };
  if (asked.runner === "tape") {
    for (const file of asked.files) {
      const done = run([...asked.options, file]);
      readAll(done.stdout.toString(), file);
      if (done.status !== 0 && !/^(not )?ok\b/m.test(done.stdout.toString())) {
        failed.add(file);
        tell("uncollected", { test: asked.prefix + file, why: lastLine(done.stderr.toString()).slice(0, 300) });
      }
    }
  } else {
    const done = run(commands[asked.runner](asked.files, out));
    writeSync(2, done.stdout.subarray(-2000));
    let text = "";
    try {
      text = readFileSync(out, "utf8");
      readAll(text, "");
    } catch (error) {
      tell("broken", { why: `${asked.runner} gave no results: ${lastLine(done.stderr.toString()) || error.message}`.slice(0, 300) });
    }
  }
  if (asked.canary) {
    const gone = asked.files.filter((file) => !loaded.has(file) && !failed.has(file));
    if (gone.length) tell("broken", { why: `the test process ended before its tests did: ${gone[0]}`.slice(0, 300) });
  }
}

for (turn = 0; turn < asked.repeats; turn++) {
  once();
  if (asked.calls) tellCalls();
  tell("end", {});
}
