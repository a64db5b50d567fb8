import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mock } from "node:test";

import { parse } from "yaml";

import { catalogue } from "../../../images/catalogue";
import { readConfig } from "../../../images/config";
import * as withdrawals from "../../../images/withdrawals";
import { Fault } from "../../../lib/errors";
import { checkout } from "../../../local/folder";
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

/** The problems that the refusal of a config lists; none if it is accepted. */
function problemsOf(config: Record<string, unknown>): string[] {
  setConfig(config);
  try {
    readConfig();
  } catch (error) {
    assert.ok(error instanceof Fault);
    const [heading, ...problems] = error.message.split("\n");
    assert.equal(heading, "The config is invalid:");
    return problems.map((problem) => problem.replace(/^ {2}- /, ""));
  }
  return [];
}

describe("config", () => {
  beforeEach(() => onStack("local"));

  it("reads a valid config", () => {
    const bases = { debian: image };
    const given = { ...valid, builder: "arm", bases, cache: "mirror.example/cache" };
    setConfig(given);
    assert.deepEqual(readConfig(), { ...given, languages: catalogue, adoptRepositories: false });
  });

  it("reads an alias of ECR Public instead of a registry", () => {
    setConfig({ ...valid, registry: "", alias: "spacelift-dev", adoptRepositories: true });
    const { registry, alias, adoptRepositories } = readConfig();
    assert.deepEqual([registry, alias, adoptRepositories], [undefined, "spacelift-dev", true]);
  });

  it("accepts a registry with a port and a path, and an @ that is not part of credentials", () => {
    const change = { registry: "localhost:65535/a-b/c", pulumiReleases: "https://x/@scope/releases" };
    assert.deepEqual(problemsOf({ ...valid, ...change }), []);
  });

  it("has no builder by default: buildx then uses its current one", () => {
    setConfig(valid);
    assert.equal(readConfig().builder, undefined);
  });

  it("requires signatures by default, also in Pulumi.yaml", () => {
    setConfig({ ...valid, signatures: undefined });
    assert.equal(readConfig().signatures, "required");
    const { config } = parse(readFileSync(join(checkout, "Pulumi.yaml"), "utf8")) as {
      config: Record<string, { default: unknown }>;
    };
    assert.equal(config["signatures"]?.default, "required");
  });

  const known = "Known: linux/amd64, linux/arm64.";
  const address =
    "Use host[:port][/path] in lower case, with a port up to 65535 and no scheme, such as localhost:5000.";
  const credentials =
    "contains credentials, which would leak into build arguments, state and logs. " +
    `Use a URL without "user:password@" that can be read anonymously.`;
  const languages = `Known: ${catalogue.map(({ name }) => name).join(", ")}.`;
  const refused: [string, Record<string, unknown>, string][] = [
    [
      "a version in words",
      { pulumiVersion: "three", tag: "latest" },
      `pulumiVersion "three" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.`,
    ],
    [
      "a version that every object has",
      { pulumiVersion: "constructor", tag: "latest" },
      `pulumiVersion "constructor" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.`,
    ],
    [
      "a version with a v",
      { pulumiVersion: "v3.66.0" },
      `pulumiVersion "v3.66.0" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.`,
    ],
    [
      "another version's tag",
      { tag: "v3.64.0" },
      `tag "v3.64.0" is not a tag of Pulumi 3.66.0 on stack local. Use v3.66.0 or latest or dev-v3.66.0.`,
    ],
    [
      "a git tag for an image tag",
      { tag: "latest-v3.66.0" },
      `tag "latest-v3.66.0" is not a tag of Pulumi 3.66.0 on stack local. Use v3.66.0 or latest or dev-v3.66.0.`,
    ],
    ["an unknown platform", { platforms: ["linux/arm"] }, `Unknown platform "linux/arm" in platforms. ${known}`],
    [
      "a platform twice",
      { platforms: ["linux/arm64", "linux/arm64"] },
      `Duplicate platform "linux/arm64" in platforms. Remove one.`,
    ],
    ["no platform", { platforms: [] }, `platforms [] is not a list of platforms. ${known}`],
    [
      "a platform that is not a list",
      { platforms: "linux/amd64" },
      `platforms "linux/amd64" is not a list of platforms. ${known}`,
    ],
    [
      "a registry with a scheme",
      { registry: "http://localhost:5000" },
      `registry "http://localhost:5000" is not a registry's address. ${address}`,
    ],
    ...["", "-x", "Some", "a/b"].map((alias): [string, Record<string, unknown>, string] => [
      `no registry, and the alias ${JSON.stringify(alias)}`,
      { registry: "", alias },
      `No destination: registry is empty and alias "${alias}" is not an alias of ECR Public. Set one.`,
    ]),
    ...["localhost:5000/Foo", "localhost:65536", "localhost:0/foo", "localhost:"].map(
      (registry): [string, Record<string, unknown>, string] => [
        `registry ${registry}`,
        { registry },
        `registry "${registry}" is not a registry's address. ${address}`,
      ],
    ),
    [
      "adoptRepositories that is neither true nor false",
      { adoptRepositories: "maybe" },
      `adoptRepositories "maybe" is neither true nor false.`,
    ],
    ["a password in pulumiReleases", { pulumiReleases: "https://me:secret@x" }, `pulumiReleases ${credentials}`],
    ["a password without a scheme", { pulumiReleases: "me:secret@x/" }, `pulumiReleases ${credentials}`],
    ["a user in debianSnapshots", { debianSnapshots: "http://token@x/archive/" }, `debianSnapshots ${credentials}`],
    [
      "a URL as a base, without showing its password",
      { bases: { debian: "https://me:secret@x/a.git" } },
      `Base https://… of stage debian is not immutable. Use docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.`,
    ],
    [
      "a base in an OCI layout by its tag",
      { bases: { debian: "oci-layout:///mirror/debian:trixie" } },
      `Base "oci-layout:///mirror/debian:trixie" of stage debian has no digest. Use oci-layout://…@sha256:…; its index.json shows a tag's digest.`,
    ],
    [
      "a language that is not a list",
      { languages: "python" },
      `languages "python" is not a list of languages. ${languages}`,
    ],
    [
      "a builder's flags",
      { builder: "--all" },
      `builder "--all" is not the name of a buildx builder. Use one that "docker buildx ls" lists.`,
    ],
    [
      "bases that are a list",
      { bases: ["debian"] },
      `bases ["debian"] does not map stages to build contexts. Use {"debian": "docker-image://…@sha256:…"}.`,
    ],
    [
      "a base that does not exist",
      { bases: { debian: "/not/there" } },
      `Base "/not/there" of stage debian is not immutable. Use docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.`,
    ],
    ...["docker-image://mirror.example/debian:trixie-slim", "docker-image://debian@sha256:d29", "docker-image:"].map(
      (base): [string, Record<string, unknown>, string] => [
        `a base without a complete digest, ${base}`,
        { bases: { debian: base } },
        `Base "${base}" of stage debian has no digest. Use docker-image://…@sha256:…; ` +
          `"docker buildx imagetools inspect" shows a tag's digest.`,
      ],
    ),
    [
      "a URL prefix with a trailing slash",
      { pulumiReleases: "https://example.com/" },
      `pulumiReleases "https://example.com/" is not a URL prefix. Use http(s)://… without a trailing slash, such as https://get.pulumi.com/releases/sdk.`,
    ],
    [
      "an unknown signature policy",
      { signatures: "true" },
      `signatures "true" is not a signature policy. Use required, ifPresent, off.`,
    ],
    [
      "debianSnapshots without a scheme",
      { debianSnapshots: "snapshot.example" },
      `debianSnapshots "snapshot.example" is not a URL prefix. Use http(s)://… without a trailing slash, such as http://snapshot.debian.org/archive, or leave it empty.`,
    ],
    [
      "a cache without a path",
      { cache: "localhost:5000" },
      `cache "localhost:5000" is not a repository. Use host[:port]/path without scheme, tag or digest.`,
    ],
    [
      "a cache with a tag",
      { cache: "mirror.example/cache:v1" },
      `cache "mirror.example/cache:v1" is not a repository. Use host[:port]/path without scheme, tag or digest.`,
    ],
  ];
  for (const [name, change, problem] of refused) {
    it(`refuses ${name}`, () => assert.deepEqual(problemsOf({ ...valid, ...change }), [problem]));
  }

  it("refuses a withdrawn version, with its reason", () => {
    const list = mock.method(withdrawals, "readWithdrawn", () => ({ "3.66.0": "crashes" }));
    try {
      assert.deepEqual(problemsOf(valid), [
        "Pulumi 3.66.0 is withdrawn (crashes), so it is not released. Release another version.",
      ]);
    } finally {
      list.mock.restore();
    }
  });

  it("releases some languages, in the catalogue's order", () => {
    setConfig({ ...valid, languages: ["yaml", "python"] });
    assert.deepEqual(
      readConfig().languages.map(({ name }) => name),
      ["python", "yaml"],
    );
  });

  it("releases every language if it names none", () => {
    setConfig({ ...valid, languages: [] });
    assert.deepEqual(readConfig().languages, catalogue);
  });

  for (const [stack, tag] of [
    ["dev", "dev-v3.66.0"],
    ["prod", "v3.66.0"],
  ] as const) {
    it(`refuses to select languages on stack ${stack}`, async () => {
      await onStack(stack);
      assert.deepEqual(problemsOf({ ...valid, tag, languages: [] }), []);
      assert.deepEqual(problemsOf({ ...valid, tag, languages: ["python"] }), [
        `languages is set on stack ${stack}, which releases every language. Remove it from the config.`,
      ]);
    });
  }

  it("names every unknown language", () =>
    assert.deepEqual(problemsOf({ ...valid, languages: ["python", "ruby", "Go"] }), [
      `Unknown language "ruby" in languages. ${languages}`,
      `Unknown language "Go" in languages. ${languages}`,
    ]));

  it("names an unknown stage and the known ones", () => {
    const [problem, ...others] = problemsOf({ ...valid, bases: { debain: image } });
    assert.deepEqual(others, []);
    assert.match(problem ?? "", /^Unknown stage "debain" in bases\. Known: debian, .*node.*golang.*\.$/);
  });

  it("names every problem at once", () => {
    const found = problemsOf({
      pulumiVersion: "three",
      tag: "release-1",
      platforms: ["linux/arm", "windows/amd64"],
      registry: "https://x",
      builder: "a b",
      bases: { debain: image },
      pulumiReleases: "ftp://x",
      signatures: "always",
      adoptRepositories: "maybe",
      languages: ["ruby"],
    });
    assert.equal(found.length, 11, found.join("\n"));
  });

  it("allows dev and prod only their own tags", async () => {
    await onStack("dev");
    assert.deepEqual(problemsOf({ ...valid, tag: "dev-v3.66.0" }), []);
    assert.deepEqual(problemsOf({ ...valid, tag: "latest" }), [
      `tag "latest" is not a tag of Pulumi 3.66.0 on stack dev. Use dev-v3.66.0.`,
    ]);
    await onStack("prod");
    assert.deepEqual(problemsOf({ ...valid, tag: "latest" }), []);
    assert.deepEqual(problemsOf({ ...valid, tag: "dev-v3.66.0" }), [
      `tag "dev-v3.66.0" is not a tag of Pulumi 3.66.0 on stack prod. Use v3.66.0 or latest.`,
    ]);
  });
});
