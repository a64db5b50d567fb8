import assert from "node:assert/strict";

import renovate from "../../../renovate.json";
import { listFiles, readFile } from "../../helpers/checkoutFiles";

const files = listFiles().filter((file) => !/^test\/|package-lock\.json$/.test(file));

/**
 * Renovate's built-in managers: the files that they read by default, and what a pin looks like in them.
 * https://docs.renovatebot.com/modules/manager/
 */
const managers: readonly (readonly [files: RegExp, pins: RegExp])[] = [
  [/(^|\/|\.)Dockerfile$/, /^FROM (?:--platform=\S+ )?(\S+:\S+@sha256:[0-9a-f]{64}) AS/gm],
  [
    /(^|\/)(\.github\/workflows\/[^/]+|action)\.ya?ml$/,
    // The version of Trivy too: https://github.com/renovatebot/renovate/blob/main/lib/modules/manager/github-actions/community.ts
    /uses: ([\w.-]+\/[\w./-]+@[0-9a-f]{40} # v[\d.]+)$|(?<=uses: aquasecurity\/trivy-action@.*\n +with:\n +)version: v[\d.]+$/gm,
  ],
  [/(^|\/)compose\.yaml$/, /^ +image: (\S+:\S+@sha256:[0-9a-f]{64})$/gm],
  [/(^|\/)package\.json$/, /^ {4}("[@\w/-]+": "\d[^"]+")/gm],
  [/(^|\/)go\.mod$/, /^\s*(?:require )?([\w.-]+\.[a-z]+\/\S+ v\S+)(?: \/\/ indirect)?$/gm],
  // Versions with two dots or more: a smaller one is a project's own, or the format's.
  [/(^|\/)pom\.xml$/, /<version>(\d+\.\d+\.\d+)<\/version>/g],
  [/(^|\/)requirements\.txt$/, /^([\w-]+==[\w.]+)/gm],
];

/** What looks like a version that somebody chose. Nobody chose that of Maven's format. */
const looksPinned = /(?:[@=:]|: |(?<!<modelVersion)>)v?\d+\.\d+\.\d+|@sha256:|[0-9a-f]{40} #|\d{8}T\d{6}Z/;

const ignored = renovate.ignorePaths.map((pattern) => new RegExp(`^${pattern.replace("/**", "/")}`));
const isIgnored = (file: string) => ignored.some((pattern) => pattern.test(file));

/** What the patterns of a custom manager match in a file. */
function matchesOf({ managerFilePatterns, matchStrings }: (typeof renovate.customManagers)[number], file: string) {
  const isRead = managerFilePatterns.some((pattern) => new RegExp(pattern.replace(/^\/|\/$/g, "")).test(file));
  return isRead ? matchStrings.flatMap((each) => [...readFile(file).matchAll(new RegExp(each, "gm"))]) : [];
}

/** The texts in a file that a manager finds. */
function pinsOf(file: string): string[] {
  const builtIn = managers.filter(([pattern]) => pattern.test(file));
  const found = builtIn.flatMap(([, pins]) => [...readFile(file).matchAll(pins)]);
  const custom = renovate.customManagers.flatMap((manager) => matchesOf(manager, file));
  return [...found, ...custom].map(([whole]) => whole);
}

describe("renovate", () => {
  const pinned = files.filter(
    (file) =>
      /^(dockerfiles|\.github|local\/(offline|lint))\/.*(Dockerfile|\.ya?ml|requirements\.txt|node\.json|pom\.xml)$|^compose/.test(
        file,
      ) && !isIgnored(file),
  );
  for (const file of pinned) {
    it(`finds every pin of ${file}`, () => {
      const found = pinsOf(file).flatMap((pin) => pin.split("\n"));
      const pins = found.filter((line) => looksPinned.test(line)).map((pin) => pin.trim());
      const lines = readFile(file)
        .replace(/^\s*#(?! renovate).*$/gm, "")
        .split("\n");
      const missed = lines.filter((line) => looksPinned.test(line) && !pins.some((pin) => line.includes(pin)));
      assert.deepEqual(missed, []);
    });
  }

  it("finds every pin of package.json", () => {
    const { dependencies, devDependencies } = JSON.parse(readFile("package.json")) as Record<string, object>;
    assert.equal(pinsOf("package.json").length, Object.keys({ ...dependencies, ...devDependencies }).length);
  });

  it("finds every module of each go.mod, except those that record a release", () => {
    const modules = files.filter((file) => file.endsWith("/go.mod"));
    assert.ok(modules.length >= 5 && modules.some(isIgnored));
    for (const file of modules.filter((each) => !isIgnored(each))) {
      const found = pinsOf(file).join("\n");
      const required = [...readFile(file).matchAll(/^(?:require |\t)(\S+ v\S+)/gm)].map(([, pin = ""]) => pin);
      const missed = required.filter((pin) => !found.includes(pin));
      assert.deepEqual(missed, [], file);
    }
  });

  it("has no custom manager that finds nothing", () => {
    for (const manager of renovate.customManagers) {
      const found = files.flatMap((file) => matchesOf(manager, file));
      assert.ok(found.length > 0, manager.description);
      for (const { groups } of found) assert.ok(groups?.["currentValue"], manager.description);
    }
  });

  it("moves together what a test compares", () => {
    /** The group of a dependency's patch: the last matching rule decides. */
    const groupOf = (depName: string, manager: string) => {
      const rules = renovate.packageRules.filter(
        ({ matchDepNames = [depName], matchManagers = [manager], matchUpdateTypes = ["patch"], ...rule }) =>
          matchDepNames.includes(depName) &&
          matchManagers.includes(manager) &&
          matchUpdateTypes.includes("patch") &&
          !("matchFileNames" in rule),
      );
      return rules.flatMap(({ groupName }) => groupName ?? []).at(-1);
    };
    for (const [depName, manager, group] of [
      ["@pulumi/docker-build", "npm", "builder"],
      ["github.com/pulumi/pulumi-docker-build", "gomod", "builder"],
      ["moby/buildkit", "custom.regex", "builder"],
      ["pulumi/pulumi", "custom.regex", "pulumi CLI"],
      ["@pulumi/pulumi", "npm", "npm packages"],
    ] as const) {
      assert.equal(groupOf(depName, manager), group, depName);
    }
    const images = renovate.packageRules.find(({ groupName }) => groupName === "images");
    assert.deepEqual(images?.matchFileNames, ["dockerfiles/**", "local/offline/node.json"]);
  });

  it("requests no digest if a pattern has no place for one", () => {
    const ofDocker = renovate.customManagers.filter(({ datasourceTemplate }) => datasourceTemplate === "docker");
    const without = ofDocker.filter(({ matchStrings }) => !matchStrings.join().includes("<currentDigest>"));
    const rule = renovate.packageRules.find(({ pinDigests }) => pinDigests === false);
    const names = without.map(({ depNameTemplate }) => depNameTemplate);
    assert.deepEqual([names, rule?.matchDepNames], [["debian-snapshot"], ["debian-snapshot"]]);
  });

  it("treats a later date of Debian as a patch: a major update would wait for approval", () => {
    const rule = renovate.packageRules.find(({ matchDepNames }) => matchDepNames?.join() === "debian");
    const snapshot = renovate.customManagers.find(({ depNameTemplate }) => depNameTemplate === "debian-snapshot");
    const base = readFile("dockerfiles/base.Dockerfile");
    for (const [versioning = "", value = ""] of [
      [rule?.versioning, /^FROM debian:(\S+)@/m.exec(base)?.[1]],
      [snapshot?.versioningTemplate, /DEBIAN_SNAPSHOT=(\d{8})/.exec(base)?.[1]],
    ] as const) {
      const groups = new RegExp(versioning.replace(/^regex:/, "")).exec(value)?.groups;
      assert.deepEqual(Object.keys(groups ?? {}), ["patch"], `${versioning} of ${value}`);
    }
  });
});
