import assert from "node:assert/strict";

import { collectCauses } from "../../../commands/failureCauses";

describe("the likely cause of a failure", () => {
  const registry = { storage: "/the/folder", log: () => Promise.resolve("") };
  const remedies = { unlock: "the command", builderLog: "the log" };
  const project = { folder: "", env: {}, logs: "", languages: [], registry, ...remedies };

  // As pulumi, its provider and BuildKit print them.
  for (const [line, cause] of [
    [
      "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file",
      /^Another pulumi works on this stack, .* If none runs: the command; then run the same command again\.$/,
    ],
    ["error: [409] Conflict: Another update is currently in progress.", /If none runs: the command; then/],
    [" +  docker-build:index:Image yaml-smoke error reading from server: EOF", /^BuildKit ended .*\(the log\)/],
    [
      'rpc error: code = Unavailable desc = dial unix /x/.local/buildkit.sock: connect: connection refused"',
      /^BuildKit ended .*\(the log\)/,
    ],
    ["failed to solve: write /var/lib/x: no space left on device", /^A disk is full/],
    [
      "error: post-step event returned an error: failed to save snapshot: An IO error occurred",
      /^Pulumi could not write the stack's state\. Make it writable, then: the command; then run/,
    ],
    ["failed to solve: digest mismatch sha256:1: sha256:2", /^The server of Pulumi's releases/],
    ["unexpected status from POST request to http://x/v2/y/blobs/uploads/: 401 Unauthorized", /^The registry refused/],
    ["read tcp 127.0.0.1:1->127.0.0.1:2: connection reset by peer: i/o timeout", /^A server failed for a while/],
    ["unexpected status from PUT request to http://x/v2/y: 503 Service Unavailable", /^A server failed for a while/],
    ["pulumi: SIGKILL", /^pulumi was stopped at once\. A tag .* may still move: .* locked: the command$/],
    ["^C received; terminating", /^pulumi was stopped at once\./],
    ["registry: write /x/data: no space left on device", /^The registry's disk is full: \/the\/folder\. Free/],
    ["registry: open /x/data: input/output error", /^The registry failed \(open \/x\/data: input\/output error\)\./],
    ["failed to push localhost:1/a: unknown: invalid content range", /^The registry had stored a part of a layer/],
  ] as const) {
    it(`is found by ${line.slice(0, 60)}…, once`, () => {
      const causes = collectCauses(project);
      for (let count = 0; count < 2; count++) causes.add(line);
      assert.equal(causes.sentences().length, 1);
      assert.match(causes.sentences()[0] ?? "", cause);
    });
  }

  it("is not what a client sees of a failure whose reason is known", () => {
    const causes = collectCauses(project);
    causes.add("failed to push localhost:1/a: unknown: invalid content range");
    causes.add("registry: write /x/data: no space left on device");
    assert.match(causes.sentences().join("\n"), /^The registry's disk is full: [^\n]*$/);
  });

  it("is not found in other lines", () => {
    const causes = collectCauses(project);
    for (const line of ["    1 errored", "Duration: 2s", "#5 [smoke 1/3] RUN x"]) causes.add(line);
    assert.deepEqual(causes.sentences(), []);
  });
});
