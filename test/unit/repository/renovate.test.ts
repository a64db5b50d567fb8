import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { execaSync } from "execa";

import renovate from "../../../renovate.json";
import { checkout } from "../../../local/folder";

/** Every file of the repository, by path. */
const files = execaSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: checkout })
  .stdout.split("\n")
  .filter((file) => !/^test\/|package-lock\.json$/.test(file));
const read = (file: string) => readFileSync(join(checkout, file), "utf8");

/**
 * Renovate's built-in managers: the files that they read by default, and what a pin looks like in them.
 * https://docs.renovatebot.com/modules/manager/
 */
const managers: Record<string, { files: RegExp; pins: RegExp }> = {
  dockerfile: { files: /(^|\/|\.)Dockerfile$/, pins: /^FROM (?:--platform=\S+ )?(\S+:\S+@sha256:[0-9a-f]{64}) AS/gm },
  "github-actions": {
    files: /(^|\/)(\.github\/workflows\/[^/]+|action)\.ya?ml$/,
    // The version of Trivy too: https://github.com/renovatebot/renovate/blob/main/lib/modules/manager/github-actions/community.ts
    pins: /uses: ([\w.-]+\/[\w./-]+@[0-9a-f]{40} # v[\d.]+)$|(?<=uses: aquasecurity\/trivy-action@.*\n +with:\n +)version: v[\d.]+$/gm,
  },
  npm: { files: /(^|\/)package\.json$/, pins: /^ {4}("[@\w/-]+": "\d[^"]+")/gm },
  gomod: { files: /(^|\/)go\.mod$/, pins: /^\s*(?:require )?([\w.-]+\.[a-z]+\/\S+ v\S+)(?: \/\/ indirect)?$/gm },
  // Versions with two dots or more: a smaller one is a project's own, or the format's.
  maven: { files: /(^|\/)pom\.xml$/, pins: /<version>(\d+\.\d+\.\d+)<\/version>/g },
  pip_requirements: { files: /(^|\/)requirements\.txt$/, pins: /^([\w-]+==[\w.]+)/gm },
};

/** What looks like a version that somebody chose. */
const looksPinned = /(?:[@=:]|: |>)v?\d+\.\d+\.\d+|@sha256:|[0-9a-f]{40} #|\d{8}T\d{6}Z/;

/** Versions that nobody chose: Maven's format. */
const noPins = [/<modelVersion>/];

const ignored = renovate.ignorePaths.map((pattern) => new RegExp(`^${pattern.replace("/**", "/")}`));

function isPattern(pattern: string, file: string): boolean {
  return new RegExp(pattern.replace(/^\/|\/$/g, "")).test(file);
}

/** The texts in a file that a manager finds. */
function pinsOf(file: string): string[] {
  const text = read(file);
  const builtIn = Object.values(managers)
    .filter((manager) => manager.files.test(file))
    .flatMap(({ pins }) => [...text.matchAll(pins)].map(([whole]) => whole));
  const custom = renovate.customManagers
    .filter(({ managerFilePatterns }) => managerFilePatterns.some((pattern) => isPattern(pattern, file)))
    .flatMap(({ matchStrings }) => matchStrings)
    .flatMap((pattern) => [...text.matchAll(new RegExp(pattern, "gm"))].map(([whole]) => whole));
  return [...builtIn, ...custom];
}

describe("renovate", () => {
  const pinned = files.filter((file) => /^(dockerfiles|\.github|local\/(offline|lint))\/|^package\.json$/.test(file));

  const isIgnored = (file: string) => ignored.some((pattern) => pattern.test(file));
  for (const file of pinned
    .filter((path) => !isIgnored(path))
    .filter((path) => /Dockerfile$|\.ya?ml$|requirements\.txt$|node\.json$|pom\.xml$/.test(path))) {
    it(`finds every pin of ${file}`, () => {
      const found = pinsOf(file).join("\n");
      const text = read(file).replace(/^\s*#(?! renovate).*$/gm, "");
      for (const line of text.split("\n").filter((each) => looksPinned.test(each))) {
        if (noPins.some((pattern) => pattern.test(line))) continue;
        const isFound = found.split("\n").some((part) => line.includes(part.trim()) && looksPinned.test(part));
        assert.ok(isFound, `no manager finds ${line.trim()}`);
      }
    });
  }

  it("finds every pin of package.json", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<string, object>;
    assert.equal(pinsOf("package.json").length, Object.keys({ ...dependencies, ...devDependencies }).length);
  });

  it("finds every module of each go.mod, except those that record a release", () => {
    const modules = files.filter((file) => file.endsWith("/go.mod"));
    assert.ok(modules.length >= 5);
    for (const file of modules) {
      const required = [...read(file).matchAll(/^(?:require |\t)(\S+ v\S+)/gm)].map(([, pin = ""]) => pin);
      if (isIgnored(file)) continue;
      const found = pinsOf(file).join("\n");
      for (const pin of required) assert.ok(found.includes(pin), `${file}: ${pin}`);
    }
    assert.ok(modules.some(isIgnored));
  });

  it("has no custom manager that finds nothing", () => {
    for (const { description, managerFilePatterns, matchStrings } of renovate.customManagers) {
      const own = files.filter((file) => managerFilePatterns.some((pattern) => isPattern(pattern, file)));
      const found = own.flatMap((file) =>
        matchStrings.flatMap((pattern) => [...read(file).matchAll(new RegExp(pattern, "gm"))]),
      );
      assert.ok(found.length > 0, description);
      for (const { groups } of found) assert.ok(groups?.["currentValue"], description);
    }
  });

  /** The group of a dependency's patch: the last matching rule decides. */
  function groupOf(depName: string, manager: string): string | undefined {
    const matching = renovate.packageRules.filter(
      ({ matchDepNames = [depName], matchManagers = [manager], matchUpdateTypes = ["patch"], ...rule }) =>
        matchDepNames.includes(depName) &&
        matchManagers.includes(manager) &&
        matchUpdateTypes.includes("patch") &&
        !("matchFileNames" in rule),
    );
    return matching.flatMap(({ groupName }) => groupName ?? []).at(-1);
  }

  it("moves together what a test compares", () => {
    assert.equal(groupOf("@pulumi/docker-build", "npm"), "builder");
    assert.equal(groupOf("github.com/pulumi/pulumi-docker-build", "gomod"), "builder");
    assert.equal(groupOf("moby/buildkit", "custom.regex"), "builder");
    assert.equal(groupOf("pulumi/pulumi", "custom.regex"), "pulumi CLI");
    assert.equal(groupOf("@pulumi/pulumi", "npm"), "npm packages");
  });

  it("requests no digest if a pattern has no place for one", () => {
    const ofDocker = renovate.customManagers.filter(({ datasourceTemplate }) => datasourceTemplate === "docker");
    const without = ofDocker.filter(({ matchStrings }) => !matchStrings.join().includes("<currentDigest>"));
    assert.deepEqual(
      without.map(({ depNameTemplate }) => depNameTemplate),
      ["debian-snapshot"],
    );
    const rule = renovate.packageRules.find(({ pinDigests }) => pinDigests === false);
    assert.deepEqual(rule?.matchDepNames, ["debian-snapshot"]);
  });

  it("treats a later date of Debian as a patch: a major update would wait for approval", () => {
    const rule = renovate.packageRules.find(({ matchDepNames }) => matchDepNames?.join() === "debian");
    const snapshot = renovate.customManagers.find(({ depNameTemplate }) => depNameTemplate === "debian-snapshot");
    const base = read("dockerfiles/base.Dockerfile");
    for (const [versioning, value] of [
      [rule?.versioning, /^FROM debian:(\S+)@/m.exec(base)?.[1]],
      [snapshot?.versioningTemplate, /DEBIAN_SNAPSHOT=(\d{8})/.exec(base)?.[1]],
    ] as const) {
      const groups = new RegExp((versioning ?? "").replace(/^regex:/, "")).exec(value ?? "")?.groups;
      assert.deepEqual(Object.keys(groups ?? {}), ["patch"], `${versioning} of ${value}`);
    }
  });

  it("moves everything inside the images together", () => {
    const rule = renovate.packageRules.find(({ groupName }) => groupName === "images");
    assert.deepEqual(rule?.matchFileNames, ["dockerfiles/**", "local/offline/node.json"]);
  });
});
