import assert from "node:assert/strict";

import { catalogue } from "../../../images/catalogue";
import { readDockerfile } from "../../../images/dockerfile";
import { findLeftOut, findUnused, hostArguments } from "../../../images/hosts";
import { archiveFiles } from "../../helpers/archives";
import { isFault } from "../../helpers/isFault";

type Version = keyof typeof archiveFiles;

function release(version: Version, arm64: readonly string[] = archiveFiles[version]) {
  return { version, files: { "linux/amd64": archiveFiles[version], "linux/arm64": arm64 } };
}

/** The sentence about a language that is left out. */
function sentence(language: string, host: string, version: string): string {
  return (
    `${language} is left out: it needs ${host}, which Pulumi's archive of version ${version} lacks. ` +
    `Its tags stay as they are. See docs/maintaining.md, "A host is missing".`
  );
}

describe("the hosts of an image", () => {
  it("are those in the catalogue, with the optional ones that the archive of every platform has", () => {
    const hosts = (version: Version, arm64?: readonly string[]) =>
      hostArguments(readDockerfile("javascript"), release(version, arm64));
    const required = "pulumi-language-nodejs pulumi-resource-pulumi-nodejs";
    assert.deepEqual(hosts("3.66.0"), { JAVASCRIPT_HOSTS: `${required} pulumi-analyzer-policy` });
    assert.deepEqual(hosts("3.259.0"), { JAVASCRIPT_HOSTS: `${required} pulumi-language-bun` });
    assert.deepEqual(hosts("3.259.0", archiveFiles["3.66.0"]), { JAVASCRIPT_HOSTS: required });
    assert.deepEqual(hostArguments(readDockerfile("yaml"), release("3.66.0")), {});
  });

  it("are those of several languages in an image with their stages", () => {
    const dockerfile = "FROM pulumi AS java-hosts\nFROM pulumi AS golang-hosts\nFROM pulumi AS other-hosts\n";
    const hosts = { GOLANG_HOSTS: "pulumi-language-go", JAVA_HOSTS: "pulumi-language-java" };
    assert.deepEqual(hostArguments(dockerfile, release("3.66.0")), hosts);
  });
});

describe("findLeftOut", () => {
  it("finds nothing in the archives of 3.66 and 3.259, nor in one with an unknown host", () => {
    for (const version of ["3.66.0", "3.259.0", "3.301.0"] as const) {
      assert.deepEqual(findLeftOut(catalogue, release(version)), {});
    }
  });

  it("names the languages whose image needs a host that an archive lacks", () => {
    const needing = catalogue.filter(({ name }) => readDockerfile(name).includes(" AS golang-hosts"));
    const expected = needing.map(({ name }) => [name, sentence(name, "pulumi-language-go", "3.300.0")]);
    assert.deepEqual(findLeftOut(catalogue, release("3.300.0")), Object.fromEntries(expected));
    assert.ok("golang" in Object.fromEntries(expected));
    const [yaml] = catalogue.filter(({ name }) => name === "yaml");
    assert.ok(yaml);
    assert.deepEqual(findLeftOut([yaml], release("3.300.0")), {});
  });

  it("names every missing host, also if only one platform's archive lacks it", () => {
    const arm64 = archiveFiles["3.66.0"].filter((name) => !name.includes("python"));
    const { python } = findLeftOut(catalogue, release("3.66.0", arm64));
    const hosts = "pulumi-language-python, pulumi-language-python-exec, pulumi-resource-pulumi-python";
    assert.equal(python, sentence("python", hosts, "3.66.0"));
  });

  it("refuses an archive without a file that every image needs", () => {
    const files = archiveFiles["3.66.0"].filter((name) => name !== "pulumi-language-yaml");
    const message =
      `Every image needs pulumi-language-yaml, which Pulumi's archive of version 3.66.0 lacks. Nothing was built. ` +
      `See docs/maintaining.md, "A host is missing".`;
    assert.throws(() => findLeftOut([], release("3.66.0", files)), isFault(message));
  });
});

it("findUnused names the files that no image has, with the reason if that is on purpose", () => {
  const watch = { "pulumi-watch": "only `pulumi watch` needs it" };
  assert.deepEqual(findUnused(release("3.66.0")), watch);
  const pcl = { "pulumi-language-pcl": "a form between two languages of `pulumi convert`" };
  assert.deepEqual(findUnused(release("3.259.0", archiveFiles["3.66.0"])), { ...pcl, ...watch });
  assert.deepEqual(findUnused(release("3.301.0")), { ...pcl, "pulumi-language-rust": "unknown", ...watch });
});
