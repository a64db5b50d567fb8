import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { readConfig } from "../../../images/config";
import { checkout } from "../../../local/folder";
import { withdrawnVersions } from "../../../images/withdrawals";
import { Recorder, setConfig } from "../../helpers/mocks";

const image = `docker-image://mirror.example/debian:trixie-slim@sha256:${"d".repeat(64)}`;

const valid = {
  pulumiVersion: "3.66.0",
  tag: "v3.66.0",
  platforms: ["linux/amd64"],
  registry: "localhost:5000",
  builder: "",
  bases: {},
  pulumiReleases: "https://get.pulumi.com/releases/sdk",
  signatures: "ifPresent",
  debianSnapshots: "http://snapshot.debian.org/archive",
  alias: "",
  repair: "",
};

function onStack(stack: string): Promise<void> {
  return new Recorder().install(stack);
}

/** The faults that are named, without the heading. */
function faultsOf(config: Record<string, unknown>): string[] {
  setConfig(config);
  try {
    readConfig();
  } catch (error) {
    assert.ok(error instanceof pulumi.RunError);
    const [heading, ...faults] = error.message.split("\n");
    assert.equal(heading, "The config cannot be used:");
    return faults.map((fault) => fault.replace(/^ {2}- /, ""));
  }
  return [];
}

describe("config", () => {
  beforeEach(() => onStack("local"));

  it("reads a config without faults", () => {
    const bases = { debian: image };
    const given = { ...valid, builder: "arm", bases, cache: "mirror.example/cache" };
    setConfig(given);
    assert.deepEqual(readConfig(), { ...given, adoptRepositories: false });
  });

  it("reads an alias of ECR Public in a registry's place", () => {
    setConfig({ ...valid, registry: "", alias: "spacelift-dev", adoptRepositories: true });
    const { registry, alias, adoptRepositories } = readConfig();
    assert.deepEqual([registry, alias, adoptRepositories], [undefined, "spacelift-dev", true]);
  });

  it("takes a registry with a port and a path, and an @ that names no user", () => {
    const change = { registry: "localhost:65535/a-b/c", pulumiReleases: "https://x/@scope/releases" };
    assert.deepEqual(faultsOf({ ...valid, ...change }), []);
  });

  it("leaves the builder to buildx where none is named", () => {
    setConfig(valid);
    assert.equal(readConfig().builder, undefined);
  });

  it("requires signatures where nothing else is said", () => {
    setConfig({ ...valid, signatures: undefined });
    assert.equal(readConfig().signatures, "required");
    const { config } = parse(readFileSync(join(checkout, "Pulumi.yaml"), "utf8")) as {
      config: Record<string, { default: unknown }>;
    };
    assert.equal(config["signatures"]?.default, "required");
  });

  const known = "Known: linux/amd64, linux/arm64.";
  const address =
    "Give host[:port][/path] in lower case, with a port up to 65535 and no scheme, such as localhost:5000.";
  const user =
    "names a user or a password, which would stand in build arguments, in the state and in logs. " +
    `Give a URL that can be read without, and no "user:password@".`;
  const faults: [string, Record<string, unknown>, string][] = [
    [
      "a version in words",
      { pulumiVersion: "three", tag: "latest" },
      `pulumiVersion "three" is not a version of Pulumi. Give X.Y.Z, such as 3.66.0.`,
    ],
    [
      "a version that every object has",
      { pulumiVersion: "constructor", tag: "latest" },
      `pulumiVersion "constructor" is not a version of Pulumi. Give X.Y.Z, such as 3.66.0.`,
    ],
    [
      "a version with a v",
      { pulumiVersion: "v3.66.0" },
      `pulumiVersion "v3.66.0" is not a version of Pulumi. Give X.Y.Z, such as 3.66.0.`,
    ],
    [
      "another version's tag",
      { tag: "v3.64.0" },
      `tag "v3.64.0" is not one of Pulumi 3.66.0 on stack local. Give v3.66.0 or latest or dev-v3.66.0.`,
    ],
    [
      "a git tag for an image tag",
      { tag: "latest-v3.66.0" },
      `tag "latest-v3.66.0" is not one of Pulumi 3.66.0 on stack local. Give v3.66.0 or latest or dev-v3.66.0.`,
    ],
    ["an unknown platform", { platforms: ["linux/arm"] }, `Unknown platform "linux/arm" in platforms. ${known}`],
    [
      "a platform twice",
      { platforms: ["linux/arm64", "linux/arm64"] },
      `Platform "linux/arm64" stands twice in platforms. Name it once.`,
    ],
    ["no platform", { platforms: [] }, `platforms [] is not a list. Give one. ${known}`],
    [
      "a platform that is no list",
      { platforms: "linux/amd64" },
      `platforms "linux/amd64" is not a list. Give one. ${known}`,
    ],
    [
      "a registry with a scheme",
      { registry: "http://localhost:5000" },
      `registry "http://localhost:5000" is not the address of a registry. ${address}`,
    ],
    ...["", "-x", "Some", "a/b"].map((alias): [string, Record<string, unknown>, string] => [
      `no registry, and the alias ${JSON.stringify(alias)}`,
      { registry: "", alias },
      `Neither registry nor alias "${alias}" says where images go. Give an address, or an alias of ECR Public.`,
    ]),
    ...["localhost:5000/Foo", "localhost:65536", "localhost:0/foo", "localhost:"].map(
      (registry): [string, Record<string, unknown>, string] => [
        `registry ${registry}`,
        { registry },
        `registry "${registry}" is not the address of a registry. ${address}`,
      ],
    ),
    [
      "an adoption that is neither true nor false",
      { adoptRepositories: "maybe" },
      `adoptRepositories "maybe" is neither true nor false. Give one of them.`,
    ],
    ["a password in pulumiReleases", { pulumiReleases: "https://me:secret@x" }, `pulumiReleases ${user}`],
    ["a password in no prefix", { pulumiReleases: "me:secret@x/" }, `pulumiReleases ${user}`],
    ["a user in debianSnapshots", { debianSnapshots: "http://token@x/archive/" }, `debianSnapshots ${user}`],
    [
      "a URL as a base, whose password is not shown",
      { bases: { debian: "https://me:secret@x/a.git" } },
      `Base https://… of stage debian is nothing that stays what it is. Give docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.`,
    ],
    [
      "a base of an OCI layout by its tag",
      { bases: { debian: "oci-layout:///mirror/debian:trixie" } },
      `Base "oci-layout:///mirror/debian:trixie" of stage debian does not name its image by digest. Give oci-layout://…@sha256:…; its index.json tells the digest of a tag.`,
    ],
    [
      "a builder's flags",
      { builder: "--all" },
      `builder "--all" is not the name of a buildx builder. Give one that "docker buildx ls" lists.`,
    ],
    [
      "bases that are a list",
      { bases: ["debian"] },
      `bases ["debian"] does not map stages to build contexts. Give {"debian": "docker-image://…@sha256:…"}.`,
    ],
    [
      "a base that is nothing",
      { bases: { debian: "/not/there" } },
      `Base "/not/there" of stage debian is nothing that stays what it is. Give docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.`,
    ],
    ...["docker-image://mirror.example/debian:trixie-slim", "docker-image://debian@sha256:d29", "docker-image:"].map(
      (base): [string, Record<string, unknown>, string] => [
        `a base without a whole digest, ${base}`,
        { bases: { debian: base } },
        `Base "${base}" of stage debian does not name its image by digest. Give docker-image://…@sha256:…; ` +
          `"docker buildx imagetools inspect" tells the digest of a tag.`,
      ],
    ),
    [
      "a prefix with a slash at its end",
      { pulumiReleases: "https://example.com/" },
      `pulumiReleases "https://example.com/" is not a URL prefix. Give http(s)://… without a slash at its end, such as https://get.pulumi.com/releases/sdk.`,
    ],
    [
      "signatures that are no policy",
      { signatures: "true" },
      `signatures "true" is not a policy. Give required, ifPresent, off.`,
    ],
    [
      "a prefix of snapshots without a scheme",
      { debianSnapshots: "snapshot.example" },
      `debianSnapshots "snapshot.example" is not a URL prefix. Give http(s)://… without a slash at its end, such as http://snapshot.debian.org/archive, or nothing for the sources of the base image.`,
    ],
    [
      "a cache that is a registry alone",
      { cache: "localhost:5000" },
      `cache "localhost:5000" is not a repository. Give host[:port]/path without a scheme, a tag or a digest.`,
    ],
    [
      "a cache with a tag",
      { cache: "mirror.example/cache:v1" },
      `cache "mirror.example/cache:v1" is not a repository. Give host[:port]/path without a scheme, a tag or a digest.`,
    ],
  ];
  for (const [name, change, fault] of faults) {
    it(`refuses ${name}`, () => assert.deepEqual(faultsOf({ ...valid, ...change }), [fault]));
  }

  it("refuses a withdrawn version, with its reason", () => {
    const list = withdrawnVersions as Record<string, string>;
    list["3.66.0"] = "crashes";
    try {
      assert.deepEqual(faultsOf(valid), [
        "Pulumi 3.66.0 is withdrawn (crashes) and not released. Release another one.",
      ]);
    } finally {
      delete list["3.66.0"];
    }
  });

  it("names an unknown stage and those that are known", () => {
    const [fault, ...others] = faultsOf({ ...valid, bases: { debain: image } });
    assert.deepEqual(others, []);
    assert.match(fault ?? "", /^Unknown stage "debain" in bases\. Known: debian, .*node.*golang.*\.$/);
  });

  it("names every fault at once", () => {
    const found = faultsOf({
      pulumiVersion: "three",
      tag: "release-1",
      platforms: ["linux/arm", "windows/amd64"],
      registry: "https://x",
      builder: "a b",
      bases: { debain: image },
      pulumiReleases: "ftp://x",
      signatures: "always",
      adoptRepositories: "maybe",
    });
    assert.equal(found.length, 10, found.join("\n"));
  });

  it("gives dev and prod their own tags", async () => {
    await onStack("dev");
    assert.deepEqual(faultsOf({ ...valid, tag: "dev-v3.66.0" }), []);
    assert.deepEqual(faultsOf({ ...valid, tag: "latest" }), [
      `tag "latest" is not one of Pulumi 3.66.0 on stack dev. Give dev-v3.66.0.`,
    ]);
    await onStack("prod");
    assert.deepEqual(faultsOf({ ...valid, tag: "latest" }), []);
    assert.deepEqual(faultsOf({ ...valid, tag: "dev-v3.66.0" }), [
      `tag "dev-v3.66.0" is not one of Pulumi 3.66.0 on stack prod. Give v3.66.0 or latest.`,
    ]);
  });
});
