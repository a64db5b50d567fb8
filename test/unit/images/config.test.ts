import assert from "node:assert/strict";
import fs from "node:fs";
import { mock } from "node:test";

import fc from "fast-check";

import { catalogue } from "../../../images/catalogue";
import { readConfig } from "../../../images/config";
import { readers } from "../../../images/configReaders";
import { imageTags } from "../../../images/gitTag";
import { isPlatform } from "../../../images/platform";
import { messageOf } from "../../../lib/errors";
import { isFault } from "../../helpers/isFault";
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
  retag: false,
};

function read(change: Record<string, unknown>) {
  setConfig({ ...valid, ...change });
  return readConfig();
}

/** The problems that the refusal of a config lists; none if it is accepted. */
function problemsOf(change: Record<string, unknown>): string[] {
  try {
    read(change);
  } catch (error) {
    isFault(/^The config is invalid:\n {2}- /)(error);
    return messageOf(error).split("\n  - ").slice(1);
  }
  return [];
}

describe("config", () => {
  beforeEach(() => new Recorder().install("local"));

  it("reads a valid config", () => {
    const given = { builder: "arm", bases: { debian: image }, cache: "mirror.example/cache" };
    const others = { languages: catalogue, adoptRepositories: false, crossCompile: false, layers: undefined };
    assert.deepEqual(read(given), { ...valid, ...given, ...others });
    assert.equal(read({}).builder, undefined);
  });

  it("writes layers on the stack that is for that, and reads them on every other one", async () => {
    assert.deepEqual(read({ layers: ".local/layers" }).layers, { folder: ".local/layers", writes: false });
    await new Recorder().install("layers");
    assert.deepEqual(read({ layers: ".local/layers" }).layers, { folder: ".local/layers", writes: true });
  });

  it("reads an alias of ECR Public instead of a registry", () => {
    const { registry, alias, adoptRepositories } = read({ registry: "", alias: "some", adoptRepositories: true });
    assert.deepEqual([registry, alias, adoptRepositories], [undefined, "some", true]);
  });

  it("accepts a registry with a port and a path, and an @ that is not part of credentials", () => {
    const change = { registry: "localhost:65535/a-b/c", pulumiReleases: "https://x/@scope/releases" };
    assert.deepEqual(problemsOf(change), []);
  });

  it("requires signatures by default", () => assert.equal(read({ signatures: undefined }).signatures, "required"));

  const languages = `Known: ${catalogue.map(({ name }) => name).join(", ")}.`;
  const tag = "is not a tag of Pulumi 3.66.0 on stack local. Use v3.66.0 or latest or dev-v3.66.0.";
  const cache = "is not a repository. Use host[:port]/path without scheme, tag or digest.";
  const address =
    "is not a registry's address. Use host[:port][/path] in lower case, with a port up to 65535 and no scheme, such as localhost:5000.";
  const prefix = "is not a URL prefix. Use http(s)://… without a trailing slash, such as";
  // The sentence begins with the key and its value.
  const refused: [key: string, sentence: string, ...values: unknown[]][] = [
    ["pulumiVersion", "is not a Pulumi version. Use X.Y.Z, such as 3.66.0.", "v3.66.0"],
    ["tag", tag, "v3.64.0", "latest-v3.66.0"],
    ["platforms", "is not a list of platforms. Known: linux/amd64, linux/arm64.", [], "linux/amd64"],
    ["languages", `is not a list of languages. ${languages}`, "python"],
    [
      "registry",
      address,
      "http://localhost:5000",
      "localhost:5000/Foo",
      "localhost:65536",
      "localhost:0/foo",
      "localhost:",
    ],
    ["adoptRepositories", "is neither true nor false.", "maybe", ""],
    ["crossCompile", "is neither true nor false.", ""],
    ["layers", "is not a folder that BuildKit accepts. Use a path without commas, quotes and spaces.", "a,mode=min"],
    ["builder", `is not the name of a buildx builder. Use one that "docker buildx ls" lists.`, "--all"],
    ["bases", `does not map stages to build contexts. Use {"debian": "docker-image://…@sha256:…"}.`, ["debian"]],
    ["pulumiReleases", `${prefix} https://get.pulumi.com/releases/sdk.`, "https://example.com/"],
    ["debianSnapshots", `${prefix} http://snapshot.debian.org/archive, or leave it empty.`, "snapshot.example"],
    ["signatures", "is not a signature policy. Use required, ifPresent, off.", "true", ""],
    ["cache", cache, "localhost:5000", "mirror.example/cache:v1"],
  ];
  const cases = refused.flatMap(([key, sentence, ...values]) =>
    values.map((value) => [{ [key]: value }, `${key} ${JSON.stringify(value)} ${sentence}`] as const),
  );

  const invalid = (version: string) => `pulumiVersion "${version}" is not a Pulumi version. Use X.Y.Z, such as 3.66.0.`;
  const unknown = (name: string) => `Unknown language "${name}" in languages. ${languages}`;
  const noAlias = (alias: string) =>
    `No destination: registry is empty and alias "${alias}" is not an alias of ECR Public. Set one.`;
  const credentials =
    "contains credentials, which would leak into build arguments, state and logs. " +
    `Use a URL without "user:password@" that can be read anonymously.`;
  const ofBases = (debian: string, problem: string) =>
    [{ bases: { debian } }, `Base ${problem.replace("THIS", `"${debian}"`)}`] as const;
  const mutable =
    "of stage debian is not immutable. Use docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.";
  const noDigest =
    'THIS of stage debian has no digest. Use docker-image://…@sha256:…; "docker buildx imagetools inspect" shows a tag\'s digest.';
  const others: (readonly [change: Record<string, unknown>, ...problems: string[]])[] = [
    [{ pulumiVersion: "three", tag: "latest" }, invalid("three")],
    // Every object has this name.
    [{ pulumiVersion: "constructor", tag: "latest" }, invalid("constructor")],
    [{ platforms: ["linux/arm"] }, 'Unknown platform "linux/arm" in platforms. Known: linux/amd64, linux/arm64.'],
    [{ platforms: ["linux/arm64", "linux/arm64"] }, 'Duplicate platform "linux/arm64" in platforms. Remove one.'],
    [{ languages: ["yaml", "java", "yaml"] }, 'Duplicate language "yaml" in languages. Remove one.'],
    [{ languages: ["python", "ruby", "Go"] }, unknown("ruby"), unknown("Go")],
    ...["", "-x", "Some", "a/b"].map((alias) => [{ registry: "", alias }, noAlias(alias)] as const),
    [{ pulumiReleases: "https://me:secret@x" }, `pulumiReleases ${credentials}`],
    [{ pulumiReleases: "me:secret@x/" }, `pulumiReleases ${credentials}`],
    [{ debianSnapshots: "http://token@x/archive/" }, `debianSnapshots ${credentials}`],
    // Its password is not shown.
    ofBases("https://me:secret@x/a.git", `https://… ${mutable}`),
    ofBases("/not/there", `THIS ${mutable}`),
    ofBases(
      "oci-layout:///mirror/debian:trixie",
      "THIS of stage debian has no digest. Use oci-layout://…@sha256:…; its index.json shows a tag's digest.",
    ),
    ofBases("docker-image://mirror.example/debian:trixie-slim", noDigest),
    ofBases("docker-image://debian@sha256:d29", noDigest),
    ofBases("docker-image:", noDigest),
  ];
  for (const [change, ...problems] of [...cases, ...others]) {
    it(`refuses ${JSON.stringify(change)}`, () => assert.deepEqual(problemsOf(change), problems));
  }

  it("names an unknown stage and the known ones", () => {
    const [problem, ...rest] = problemsOf({ bases: { debain: image } });
    assert.deepEqual(rest, []);
    assert.match(problem ?? "", /^Unknown stage "debain" in bases\. Known: debian, .*node.*golang.*\.$/);
  });

  it("refuses a withdrawn version, with its reason", () => {
    const withdrawn = "Pulumi 3.66.0 is withdrawn (crashes), so it is not released. Release another version.";
    const list = mock.method(fs, "readFileSync", () => '{"3.66.0": "crashes"}');
    const problems = problemsOf({});
    list.mock.restore();
    assert.deepEqual(problems, [withdrawn]);
  });

  it("releases the languages that it names in the catalogue's order, every language if it names none", () => {
    const names = read({ languages: ["yaml", "python"] }).languages.map(({ name }) => name);
    assert.deepEqual(names, ["python", "yaml"]);
    assert.deepEqual(read({ languages: [] }).languages, catalogue);
  });

  for (const [stack, other, ...tags] of [
    ["dev", "latest", "dev-v3.66.0"],
    ["prod", "dev-v3.66.0", "v3.66.0", "latest"],
  ] as const) {
    it(`allows stack ${stack} only its own tags, and no selection of languages`, async () => {
      await new Recorder().install(stack);
      for (const own of tags) assert.deepEqual(problemsOf({ tag: own, languages: [] }), []);
      assert.deepEqual(problemsOf({ tag: other, languages: ["python"] }), [
        `tag "${other}" is not a tag of Pulumi 3.66.0 on stack ${stack}. Use ${tags.join(" or ")}.`,
        `languages is set on stack ${stack}, which releases every language. Remove it from the config.`,
      ]);
    });
  }

  it("names every problem at once", () => {
    const found = problemsOf({
      ...{ pulumiVersion: "three", tag: "release-1", platforms: ["linux/arm", "windows/amd64"], languages: ["ruby"] },
      ...{ registry: "https://x", builder: "a b", bases: { debain: image }, pulumiReleases: "ftp://x" },
      ...{ signatures: "always", adoptRepositories: "maybe" },
    });
    assert.equal(found.length, 11, found.join("\n"));
  });
});

describe("a config of random types and values", () => {
  for (const stack of ["local", "dev", "prod", "layers"]) {
    it(`is accepted or refused with its problems, and never ends in another error, on stack ${stack}`, async () => {
      await new Recorder().install(stack);
      const close = fc.constantFrom(...Object.values(valid), "v3.66.0", "latest", ["linux/arm64"], "true", {
        debian: image,
      });
      const value = fc.oneof(close, fc.jsonValue(), fc.string({ unit: "binary" }), fc.constant("__proto__"));
      const key = fc.constantFrom(...Object.keys(readers));
      const property = fc.property(fc.dictionary(key, value, { maxKeys: 4 }), (change) => {
        const problems = problemsOf(change);
        if (problems.length > 0) return;
        const { pulumiVersion, tag, platforms, retag } = readConfig();
        assert.ok(imageTags(pulumiVersion, stack).includes(tag));
        assert.ok(platforms.length > 0 && platforms.every(isPlatform) && typeof retag === "boolean");
      });
      fc.assert(property, { numRuns: 500 });
    });
  }
});
