import { existsSync } from "node:fs";

import { catalogue } from "./catalogue";
import { readDockerfile, stages } from "./dockerfile";
import { imageTags, isImageTag, isPulumiVersion } from "./gitTag";
import { allPlatforms } from "./platform";
import { isSignaturePolicy, signaturePolicies } from "./signature";
import { readWithdrawn, withdrawnReason } from "./withdrawals";

/** A key's value as text, and what else its validity depends on. */
interface Raw {
  readonly key: string;
  /** Empty if the key is not set. Structured values are JSON. */
  readonly text: string;
  readonly isSet: boolean;
  /** The text of any key. */
  readonly textOf: (key: string) => string;
  readonly stack: string;
}

/** Reads a key's value. @throws {Refusal} if it is invalid */
export type Reader<Value> = (raw: Raw) => Value;

/** The problems of a key's value, each with a remedy. */
export class Refusal extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/** The readers of the config, by key. */
export const readers = {
  pulumiVersion({ key, text }) {
    const reason = withdrawnReason(text, readWithdrawn());
    if (reason !== undefined) return refuse(reason);
    if (isPulumiVersion(text)) return text;
    return refuse(`${key} ${quote(text)} is not a Pulumi version. Use X.Y.Z, such as 3.66.0.`);
  },

  tag({ key, text, textOf, stack }) {
    const version = textOf("pulumiVersion");
    if (!isPulumiVersion(version)) {
      if (isImageTag(text)) return text;
      return refuse(`${key} ${quote(text)} is not an image tag of a release. Use vX.Y.Z, dev-vX.Y.Z or latest.`);
    }
    const tags = imageTags(version, stack);
    if (tags.includes(text)) return text;
    return refuse(
      `${key} ${quote(text)} is not a tag of Pulumi ${version} on stack ${stack}. Use ${tags.join(" or ")}.`,
    );
  },

  /** All of the catalogue if it names none. */
  languages(raw) {
    const { key, text, stack } = raw;
    if (["dev", "prod"].includes(stack) && !["", "[]"].includes(text)) {
      return refuse(`${key} is set on stack ${stack}, which releases every language. Remove it from the config.`);
    }
    const names = readNames(
      raw,
      "language",
      catalogue.map(({ name }) => name),
    );
    return names.length === 0 ? catalogue : catalogue.filter(({ name }) => names.includes(name));
  },

  platforms(raw) {
    const names = readNames(raw, "platform", allPlatforms);
    if (names.length > 0) return names;
    return refuse(`${raw.key} [] is not a list of platforms. Known: ${allPlatforms.join(", ")}.`);
  },

  registry({ key, text }) {
    if (text === "" || isAddress(text)) return text || undefined;
    return refuse(
      `${key} ${quote(text)} is not a registry's address. Use host[:port][/path] in lower case, with a port up to 65535 ` +
        `and no scheme, such as localhost:5000.`,
    );
  },

  alias({ key, text, textOf }) {
    if (textOf("registry") !== "" || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(text)) return text;
    return refuse(
      `No destination: registry is empty and ${key} ${quote(text)} is not an alias of ECR Public. Set one.`,
    );
  },

  adoptRepositories({ key, text, isSet }) {
    if (!isSet || ["true", "false"].includes(text)) return text === "true";
    return refuse(`${key} ${quote(text)} is neither true nor false.`);
  },

  builder({ key, text }) {
    if (/^([a-z][\w.-]*)?$/i.test(text)) return text || undefined;
    return refuse(`${key} ${quote(text)} is not the name of a buildx builder. Use one that "docker buildx ls" lists.`);
  },

  bases({ key, text, isSet }) {
    const value = isSet ? parseJson(text) : {};
    if (!isStringRecord(value)) {
      return refuse(
        `${key} ${quote(value)} does not map stages to build contexts. Use {"debian": "docker-image://…@sha256:…"}.`,
      );
    }
    const known = [...new Set(catalogue.flatMap(({ name }) => [...stages(readDockerfile(name)).keys()]))];
    const problems = Object.entries(value).flatMap(([stage, base]) => [
      ...(known.includes(stage) ? [] : [`Unknown stage ${quote(stage)} in ${key}. Known: ${known.join(", ")}.`]),
      ...contextProblems(stage, base),
    ]);
    return problems.length === 0 ? value : refuse(...problems);
  },

  pulumiReleases: (raw) => readUrlPrefix(raw, "https://get.pulumi.com/releases/sdk"),

  signatures({ key, text, isSet }) {
    const policy = isSet ? text : signaturePolicies[0];
    if (isSignaturePolicy(policy)) return policy;
    return refuse(`${key} ${quote(text)} is not a signature policy. Use ${signaturePolicies.join(", ")}.`);
  },

  debianSnapshots: (raw) =>
    raw.text === "" ? "" : readUrlPrefix(raw, "http://snapshot.debian.org/archive, or leave it empty"),

  cache({ key, text }) {
    if (text === "" || (isAddress(text) && text.includes("/"))) return text || undefined;
    return refuse(`${key} ${quote(text)} is not a repository. Use host[:port]/path without scheme, tag or digest.`);
  },

  repair: ({ text }) => text,
} satisfies Record<string, Reader<unknown>>;

function refuse(...problems: readonly string[]): never {
  throw new Refusal(problems);
}

/** A list of known names, each once. */
function readNames<Name extends string>({ key, text }: Raw, kind: string, known: readonly Name[]): Name[] {
  const names = parseJson(text || "[]");
  const hint = `Known: ${known.join(", ")}.`;
  if (!isStringArray(names)) return refuse(`${key} ${quote(names)} is not a list of ${kind}s. ${hint}`);
  const problems = names.flatMap((name, index) => [
    ...(known.some((one) => one === name) ? [] : [`Unknown ${kind} ${quote(name)} in ${key}. ${hint}`]),
    ...(names.indexOf(name) === index ? [] : [`Duplicate ${kind} ${quote(name)} in ${key}. Remove one.`]),
  ]);
  return problems.length === 0 ? (names as Name[]) : refuse(...problems);
}

/** A mutable context, such as a tag or a URL, would give one version different digests over time. */
function contextProblems(stage: string, base: string): string[] {
  if (/^(docker-image|oci-layout):\/\/[^@\s]+@sha256:[0-9a-f]{64}$/.test(base) || existsSync(base)) return [];
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(base) ?? [];
  if (scheme === "docker-image" || scheme === "oci-layout") {
    const where = scheme === "oci-layout" ? "its index.json" : `"docker buildx imagetools inspect"`;
    const remedy = `Use ${scheme}://…@sha256:…; ${where} shows a tag's digest.`;
    return [`Base ${quote(base)} of stage ${stage} has no digest. ${remedy}`];
  }
  // A URL is not printed: it may contain a password.
  const what = scheme === undefined ? quote(base) : `${scheme}://…`;
  const remedy = "Use docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.";
  return [`Base ${what} of stage ${stage} is not immutable. ${remedy}`];
}

/** A URL prefix without a trailing slash and without credentials. */
function readUrlPrefix({ key, text }: Raw, example: string): string {
  if (/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i.test(text)) {
    return refuse(
      `${key} contains credentials, which would leak into build arguments, state and logs. ` +
        `Use a URL without "user:password@" that can be read anonymously.`,
    );
  }
  if (/^https?:\/\/[^\s]+[^\s/]$/.test(text)) return text;
  return refuse(
    `${key} ${quote(text)} is not a URL prefix. Use http(s)://… without a trailing slash, such as ${example}.`,
  );
}

/** Whether the text is host[:port][/path], as in an image reference. */
function isAddress(text: string): boolean {
  const [address, port = "1"] = /^[a-z0-9.-]+(?::(\d+))?(?:\/[a-z0-9._-]+)*$/.exec(text) ?? [];
  return address !== undefined && Number(port) >= 1 && Number(port) <= 65535;
}

/** The parsed value, or the text itself if it is not JSON: the readers then refuse it. */
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

const quote = (value: unknown) => JSON.stringify(value);
