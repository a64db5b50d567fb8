import assert from "node:assert/strict";

import { explain, remedyFor, whyUnusable } from "../../../../local/docker/whyUnusable";
import { useFiles } from "../../../helpers/folderOfFiles";
import { withEnvironment } from "../../../helpers/withEnvironment";

describe("Docker is not usable", () => {
  const files = useFiles();
  /** Puts a client on PATH that answers by these lines of a shell's `case`. */
  const answersOf = (...cases: string[]) => {
    const lines = ["#!/bin/sh", 'case "$*" in', ...cases, "esac"];
    files.write("docker", `${lines.join("\n")}\n`, 0o755);
    return withEnvironment({ PATH: `${files.path()}:/bin` }, whyUnusable);
  };
  const server = "version*) echo linux;;";

  it("without a client", async () =>
    assert.equal(await withEnvironment({ PATH: "/none" }, whyUnusable), "Docker is not installed"));

  it("without its plugins, which are named", async () => {
    assert.equal(await answersOf(server, "compose*) exit 1;;"), "Docker Compose 2 is not installed");
    assert.equal(await answersOf(server, "buildx*) exit 1;;"), "Docker Buildx is not installed");
    assert.equal(await answersOf(server), undefined);
  });

  it("if it runs Windows containers", async () =>
    assert.equal(await answersOf("version*) echo windows;;"), "Docker runs windows containers, not Linux ones"));

  it("in different ways, each of which has its own remedy", () => {
    const plugins = ["Docker Compose 2", "Docker Buildx", "Docker"].map((name) => `${name} is not installed`);
    const others = [explain("permission denied"), explain(""), "Docker runs windows containers, not Linux ones"];
    const remedies = [...plugins, ...others].map(remedyFor);
    assert.equal(new Set(remedies).size, 6);
    assert.ok(!remedies.includes(""));
    assert.match(remedyFor(explain("")), /^Start Docker Desktop, or: sudo systemctl start docker$/);
  });

  it("for a user who may not, or without a daemon", () => {
    const denied =
      "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock";
    assert.equal(explain(denied), "this user may not use Docker: it is not in the group of Docker's socket");
    assert.equal(explain("Cannot connect to the Docker daemon at unix:///x."), "Docker's daemon does not answer");
  });
});
