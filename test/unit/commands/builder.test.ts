import assert from "node:assert/strict";

import { buildctl, builderFromEnvironment, buildx, readBuild } from "../../../commands/builder";
import { withEnvironment } from "../../helpers/withEnvironment";

const build = {
  title: "localhost/yaml",
  platform: "linux/amd64",
  inputs: {
    context: {
      location: "dockerfiles/scripts",
      named: { debian: { location: "docker-image://debian@sha256:1" }, program: { location: "/checkout/program" } },
    },
    buildArgs: { PULUMI_VERSION: "3.66.0" },
    labels: { title: "a b" },
    cacheFrom: [{}, { raw: "type=local,src=layers" }],
    target: "runner",
  },
} as const;

describe("a builder", () => {
  it("passes every input of a build to buildctl", () => {
    assert.deepEqual(buildctl("buildctl", "unix:///socket").command(build, "/from", "type=local,dest=/to"), [
      ...[
        "buildctl",
        "--addr",
        "unix:///socket",
        "--timeout=60",
        "build",
        "--progress=plain",
        "--frontend=dockerfile.v0",
      ],
      ...["--output=type=local,dest=/to", "--local=context=dockerfiles/scripts", "--local=dockerfile=/from"],
      ...["--opt=platform=linux/amd64", "--opt=target=runner"],
      ...["--opt=build-arg:PULUMI_VERSION=3.66.0", "--opt=label:title=a b"],
      "--import-cache=type=local,src=layers",
      "--opt=context:debian=docker-image://debian@sha256:1",
      ...["--local=program=/checkout/program", "--opt=context:program=local:program"],
    ]);
  });

  it("passes every input of a build to buildx", () => {
    assert.deepEqual(buildx("name").command(build, "/from", "type=local,dest=/to"), [
      ...["docker", "buildx", "build", "--progress=plain", "--output=type=local,dest=/to", "--platform=linux/amd64"],
      ...["--provenance=false", "--sbom=false", "--file=/from/Dockerfile", "--target=runner"],
      ...["--build-arg=PULUMI_VERSION=3.66.0", "--label=title=a b"],
      "--cache-from=type=local,src=layers",
      ...["--build-context=debian=docker-image://debian@sha256:1", "--build-context=program=/checkout/program"],
      ...["--builder=name", "dockerfiles/scripts"],
    ]);
  });

  it("is the BuildKit in BUILDKIT_HOST, else the builder of buildx in BUILDER", () => {
    const titleOf = (env: NodeJS.ProcessEnv) => builderFromEnvironment(env)?.title;
    assert.equal(titleOf({ BUILDKIT_HOST: "tcp://host:1", BUILDER: "name" }), "BuildKit at tcp://host:1");
    assert.equal(titleOf({ BUILDKIT_HOST: "", BUILDER: "name" }), "builder name");
    assert.equal(titleOf({}), undefined);
  });

  it("reports that its program is not installed", async () => {
    const never = () => Promise.reject(new Error("There is nothing to read."));
    const missing = (program: string) =>
      `${program} is not on PATH, but it is needed to run images. Install it, or set BUILDKIT_HOST.`;
    await withEnvironment({ PATH: "/none" }, async () => {
      await assert.rejects(readBuild(buildx(), build, "files", never), { message: missing("docker") });
      const builder = buildctl("buildctl", "unix:///none");
      await assert.rejects(readBuild(builder, build, "files", never), { message: missing("buildctl") });
    });
  });
});
