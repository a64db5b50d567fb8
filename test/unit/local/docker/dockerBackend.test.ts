import assert from "node:assert/strict";

import { explainFailure } from "../../../../local/docker/dockerBackend";

describe("a failure of docker compose up", () => {
  for (const [name, output, expected] of [
    [
      "a port that a container has",
      "Error response from daemon: driver failed: Bind for 127.0.0.1:5000 failed: port is already allocated",
      "Another program uses port 5000, the registry's. Stop it, or choose another port: make up REGISTRY_PORT=…",
    ],
    ["a port that a process has", "listen tcp4 127.0.0.1:5000: bind: address already in use", /^Another program uses/],
    [
      "a full disk",
      "failed to register layer: write /usr/bin/x: no space left on device",
      /^The disk of Docker is full/,
    ],
    [
      "a daemon that ended",
      "Cannot connect to the Docker daemon at unix:///x. Is it running?",
      /^Docker's daemon does not/,
    ],
    [
      "anything else with the last lines",
      "a\nb\nc\nd\ne\nf\n",
      /^Docker does not start .*BACKEND=native\.\nb\nc\nd\ne\nf$/,
    ],
  ] as const) {
    it(`is explained: ${name}`, () => {
      const explained = explainFailure(output, "5000");
      if (typeof expected === "string") assert.equal(explained, expected);
      else assert.match(explained, expected);
    });
  }
});
