// How the values of the config's keys are read and validated.
import { existsSync } from "node:fs";

import { type Language, catalogue } from "./catalogue";
import { readDockerfile, stages } from "./dockerfile";
import { imageTags, isImageTag, isPulumiVersion } from "./gitTag";
import { type Platform, allPlatforms, isPlatform } from "./platform";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "./signature";
import { readWithdrawn, withdrawnReason } from "./withdrawals";

/** A key's value as text, and what else its validity depends on. */
interface Raw {
  readonly key: string;
  /** Empty if the key is not set. Structured values are JSON. */
  readonly text: string;
  /** The text of another key. */
  readonly other: (key: string) => string;
  readonly stack: string;
}

/** Returned in place of a value that is invalid: what is wrong, and how to fix it. */
export class Problems {
  constructor(readonly sentences: readonly string[]) {}
}

/** Reads a key's value. */
export type Reader<Value> = (raw: Raw) => Value | Problems;

function problem(sentence: string): Problems {
  return new Problems([sentence]);
}

/** Any text. */
export const readText: Reader<string> = ({ text }) => text;

/** true or false; false if it is not set. */
export const readBoolean: Reader<boolean> = ({ key, text }) => {
  if (["true", "false", ""].includes(text)) return text === "true";
  return problem(`${key} ${quote(text)} is neither true nor false.`);
};

/** X.Y.Z of a version that is not withdrawn. */
export const readPulumiVersion: Reader<string> = ({ key, text }) => {
  const reason = withdrawnReason(text, readWithdrawn());
  if (reason !== undefined) return problem(reason);
  return isPulumiVersion(text)
    ? text
    : problem(`${key} ${quote(text)} is not a Pulumi version. Use X.Y.Z, such as 3.66.0.`);
};

/** An image tag of the stack, for the Pulumi version of the config. */
export const readTag: Reader<string> = ({ key, text, other, stack }) => {
  const version = other("pulumiVersion");
  if (!isPulumiVersion(version)) {
    return isImageTag(text)
      ? text
      : problem(`${key} ${quote(text)} is not an image tag of a release. Use vX.Y.Z, dev-vX.Y.Z or latest.`);
  }
  const allowed = imageTags(version, stack);
  if (allowed.includes(text)) return text;
  return problem(
    `${key} ${quote(text)} is not a tag of Pulumi ${version} on stack ${stack}. Use ${allowed.join(" or ")}.`,
  );
};

/** Names of the catalogue; all of it if there are none. Stacks dev and prod always release all of it. */
export const readLanguages: Reader<readonly Language[]> = ({ key, text, stack }) => {
  const names = parseJson(text === "" ? "[]" : text);
  const known = `Known: ${catalogue.map(({ name }) => name).join(", ")}.`;
  if (!isStringArray(names)) return problem(`${key} ${quote(names)} is not a list of languages. ${known}`);
  if (names.length === 0) return catalogue;
  if (["dev", "prod"].includes(stack)) {
    return problem(`${key} is set on stack ${stack}, which releases every language. Remove it from the config.`);
  }
  const unknown = names.filter((name) => !catalogue.some((language) => language.name === name));
  if (unknown.length > 0) {
    return new Problems(unknown.map((name) => `Unknown language ${quote(name)} in ${key}. ${known}`));
  }
  return catalogue.filter(({ name }) => names.includes(name));
};

/** One or more platforms, each once. */
export const readPlatforms: Reader<readonly Platform[]> = ({ key, text }) => {
  const value = parseJson(text);
  const known = `Known: ${allPlatforms.join(", ")}.`;
  if (!isStringArray(value) || value.length === 0) {
    return problem(`${key} ${quote(value)} is not a list of platforms. ${known}`);
  }
  const sentences = [
    ...value.filter((name) => !isPlatform(name)).map((name) => `Unknown platform ${quote(name)} in ${key}. ${known}`),
    ...value
      .filter((name, index) => value.indexOf(name) !== index)
      .map((name) => `Duplicate platform ${quote(name)} in ${key}. Remove one.`),
  ];
  return sentences.length > 0 ? new Problems(sentences) : (value as Platform[]);
};

/** A registry's address; undefined if it is not set. */
export const readRegistry: Reader<string | undefined> = ({ key, text }) => {
  if (text === "") return undefined;
  if (isAddress(text)) return text;
  return problem(
    `${key} ${quote(text)} is not a registry's address. Use host[:port][/path] in lower case, with a port up to 65535 ` +
      `and no scheme, such as localhost:5000.`,
  );
};

/** An alias of ECR Public, which is required if there is no registry. */
export const readAlias: Reader<string> = ({ key, text, other }) => {
  if (other("registry") !== "" || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(text)) return text;
  return problem(`No destination: registry is empty and ${key} ${quote(text)} is not an alias of ECR Public. Set one.`);
};

/** The name of a buildx builder; undefined if it is not set. */
export const readBuilder: Reader<string | undefined> = ({ key, text }) => {
  if (/^([a-z][\w.-]*)?$/i.test(text)) return text || undefined;
  return problem(`${key} ${quote(text)} is not the name of a buildx builder. Use one that "docker buildx ls" lists.`);
};

/** Immutable build contexts by stage. */
export const readBases: Reader<Readonly<Record<string, string>>> = ({ key, text }) => {
  const value = parseJson(text === "" ? "{}" : text);
  if (!isStringRecord(value)) {
    return problem(
      `${key} ${quote(value)} does not map stages to build contexts. Use {"debian": "docker-image://…@sha256:…"}.`,
    );
  }
  const known = [...new Set(catalogue.flatMap(({ name }) => [...stages(readDockerfile(name)).keys()]))];
  const sentences = Object.entries(value).flatMap(([stage, base]) => [
    ...(known.includes(stage) ? [] : [`Unknown stage ${quote(stage)} in ${key}. Known: ${known.join(", ")}.`]),
    ...buildContextProblems(stage, base),
  ]);
  return sentences.length > 0 ? new Problems(sentences) : value;
};

/** A mutable context, such as a tag or a URL, would give one version different digests over time. */
function buildContextProblems(stage: string, base: string): string[] {
  if (/^(docker-image|oci-layout):\/\/[^@\s]+@sha256:[0-9a-f]{64}$/.test(base) || existsSync(base)) return [];
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(base) ?? [];
  if (scheme === "docker-image" || scheme === "oci-layout") {
    const where = scheme === "oci-layout" ? "its index.json" : `"docker buildx imagetools inspect"`;
    return [
      `Base ${quote(base)} of stage ${stage} has no digest. Use ${scheme}://…@sha256:…; ${where} shows a tag's digest.`,
    ];
  }
  // A URL is not printed: it may contain a password.
  const what = scheme === undefined ? quote(base) : `${scheme}://…`;
  return [
    `Base ${what} of stage ${stage} is not immutable. ` +
      `Use docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.`,
  ];
}

/** The URL prefix of Pulumi's archives. */
export const readPulumiReleases: Reader<string> = (raw) => readUrlPrefix(raw, "https://get.pulumi.com/releases/sdk");

/** The URL prefix of Debian's snapshots, or empty. */
export const readDebianSnapshots: Reader<string> = (raw) =>
  raw.text === "" ? "" : readUrlPrefix(raw, "http://snapshot.debian.org/archive, or leave it empty");

/** A URL prefix without a trailing slash and without credentials. */
function readUrlPrefix({ key, text }: Raw, example: string): string | Problems {
  if (hasCredentials(text)) {
    return problem(
      `${key} contains credentials, which would leak into build arguments, state and logs. ` +
        `Use a URL without "user:password@" that can be read anonymously.`,
    );
  }
  if (/^https?:\/\/[^\s]+[^\s/]$/.test(text)) return text;
  return problem(
    `${key} ${quote(text)} is not a URL prefix. Use http(s)://… without a trailing slash, such as ${example}.`,
  );
}

function hasCredentials(url: string): boolean {
  return /^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i.test(url);
}

/** A signature policy; the strictest if it is not set. */
export const readSignatures: Reader<SignaturePolicy> = ({ key, text }) => {
  const policy = text === "" ? signaturePolicies[0] : text;
  return isSignaturePolicy(policy)
    ? policy
    : problem(`${key} ${quote(text)} is not a signature policy. Use ${signaturePolicies.join(", ")}.`);
};

/** A repository for the layer cache; undefined if it is not set. */
export const readCache: Reader<string | undefined> = ({ key, text }) => {
  if (text === "") return undefined;
  if (isAddress(text) && text.includes("/")) return text;
  return problem(`${key} ${quote(text)} is not a repository. Use host[:port]/path without scheme, tag or digest.`);
};

/** Whether the text is host[:port][/path], as in an image reference. */
function isAddress(text: string): boolean {
  const [address, port = "1"] = /^[a-z0-9.-]+(?::(\d+))?(?:\/[a-z0-9._-]+)*$/.exec(text) ?? [];
  return address !== undefined && Number(port) >= 1 && Number(port) <= 65535;
}

/** The parsed value, or the text itself if it is not JSON: the rules then report it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && isStringArray(Object.values(value));
}

function quote(value: unknown): string {
  return JSON.stringify(value);
}
