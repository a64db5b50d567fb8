import { existsSync } from "node:fs";

import { catalogue } from "./catalogue";
import { readDockerfile, stages } from "./dockerfile";
import { imageTags, isImageTag, isPulumiVersion } from "./gitTag";
import { allPlatforms } from "./platform";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "./signature";
import { readWithdrawn, withdrawnReason } from "./withdrawals";

/** A key's value as text, and what else its validity depends on. */
interface Raw {
  readonly key: string;
  /** The default if the key is not set. Structured values are JSON. */
  readonly text: string;
  /** The text of any key. */
  readonly textOf: (key: string) => string;
  readonly stack: string;
  /** Receives the problems of the value, each with a remedy. What the reader returns is then ignored. */
  readonly problems: string[];
}

/** The defaults that are not empty, as text. Pulumi.yaml has them too. */
export const defaults: Readonly<Record<string, string>> = {
  adoptRepositories: "false",
  bases: "{}",
  crossCompile: "false",
  retag: "false",
  signatures: "required",
};

/** The stack that writes layers for the releases of other stacks. It publishes nothing: it is only previewed. */
export const layersStack = "layers";

/** The readers of the config, by key. A new key needs an entry in Pulumi.yaml, too. */
export const readers = {
  pulumiVersion(raw) {
    const reason = withdrawnReason(raw.text, readWithdrawn());
    if (reason !== undefined) raw.problems.push(reason);
    return check(raw, isPulumiVersion(raw.text), "is not a Pulumi version. Use X.Y.Z, such as 3.66.0.");
  },

  tag(raw) {
    const version = raw.textOf("pulumiVersion");
    if (!isPulumiVersion(version)) {
      const rule = "is not an image tag of a release. Use vX.Y.Z, dev-vX.Y.Z or latest.";
      return check(raw, isImageTag(raw.text), rule);
    }
    const tags = imageTags(version, raw.stack);
    const rule = `is not a tag of Pulumi ${version} on stack ${raw.stack}. Use ${tags.join(" or ")}.`;
    return check(raw, tags.includes(raw.text), rule);
  },

  /** Never empty: all of the catalogue if the config names none. */
  languages(raw) {
    const known = catalogue.map(({ name }) => name);
    const names = readNames(raw, "language", known);
    if (names.length === 0) return catalogue;
    const rule = `is set on stack ${raw.stack}, which releases every language. Remove it from the config.`;
    if (["dev", "prod"].includes(raw.stack)) raw.problems.push(`${raw.key} ${rule}`);
    return catalogue.filter(({ name }) => names.includes(name));
  },

  platforms: (raw) => readNames(raw, "platform", allPlatforms, 1),

  /** host[:port][/path]; undefined for ECR Public. */
  registry(raw) {
    const rule =
      "is not a registry's address. Use host[:port][/path] in lower case, with a port up to 65535 " +
      "and no scheme, such as localhost:5000.";
    return check(raw, raw.text === "" || isAddress(raw.text), rule) || undefined;
  },

  /** The alias in ECR Public: public.ecr.aws/<alias>. Unused if there is a registry. */
  alias({ key, text, textOf, problems }) {
    if (textOf("registry") !== "" || /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(text)) return text;
    const other = `${key} ${quote(text)} is not an alias of ECR Public`;
    problems.push(`No destination: registry is empty and ${other}. Set one.`);
    return text;
  },

  adoptRepositories: readBoolean,

  /** Whether the tag moves to the images that v<pulumiVersion> serves, without a build. */
  retag: readBoolean,

  /** Undefined for the current one. */
  builder(raw) {
    const rule = `is not the name of a buildx builder. Use one that "docker buildx ls" lists.`;
    return check(raw, /^([a-z][\w.-]*)?$/i.test(raw.text), rule) || undefined;
  },

  /** Build contexts by the stage of the Dockerfiles that they replace. */
  bases({ key, text, problems }): Readonly<Record<string, string>> {
    const value = parseJson(text);
    if (!isStringRecord(value)) {
      const rule = `does not map stages to build contexts. Use {"debian": "docker-image://…@sha256:…"}.`;
      problems.push(`${key} ${quote(value)} ${rule}`);
      return {};
    }
    const known = new Set(catalogue.flatMap(({ name }) => [...stages(readDockerfile(name)).keys()]));
    for (const [stage, base] of Object.entries(value)) {
      const hint = `Known: ${[...known].join(", ")}.`;
      if (!known.has(stage)) problems.push(`Unknown stage ${quote(stage)} in ${key}. ${hint}`);
      problems.push(...contextProblems(stage, base));
    }
    return value;
  },

  /** Without a trailing slash, as debianSnapshots. */
  pulumiReleases: (raw) => readUrlPrefix(raw, "https://get.pulumi.com/releases/sdk"),

  signatures(raw): SignaturePolicy {
    const rule = `is not a signature policy. Use ${signaturePolicies.join(", ")}.`;
    return check(raw, isSignaturePolicy(raw.text), rule) as SignaturePolicy;
  },

  debianSnapshots: (raw) =>
    raw.text === "" ? "" : readUrlPrefix(raw, "http://snapshot.debian.org/archive, or leave it empty"),

  /** host[:port]/path; undefined for none. */
  cache(raw) {
    const isRepository = isAddress(raw.text) && raw.text.includes("/");
    const rule = "is not a repository. Use host[:port]/path without scheme, tag or digest.";
    return check(raw, raw.text === "" || isRepository, rule) || undefined;
  },

  /** The folder of layers from another machine. Stack `layers` writes it, the others read it. Undefined for none. */
  layers(raw) {
    const rule = "is not a folder that BuildKit accepts. Use a path without commas, quotes and spaces.";
    const folder = check(raw, /^[^\s,"]*$/.test(raw.text), rule);
    return folder === "" ? undefined : { folder, writes: raw.stack === layersStack };
  },

  crossCompile: readBoolean,
} satisfies Record<string, (raw: Raw) => unknown>;

/** Returns the text. If it is invalid, the key, the text and the rule are a problem. */
function check({ key, text, problems }: Raw, isValid: boolean, rule: string): string {
  if (!isValid) problems.push(`${key} ${quote(text)} ${rule}`);
  return text;
}

function readBoolean(raw: Raw): boolean {
  return check(raw, ["true", "false"].includes(raw.text), "is neither true nor false.") === "true";
}

/** A list of known names, each once. */
function readNames<T extends string>(raw: Raw, kind: string, known: readonly T[], least = 0): readonly T[] {
  const { key, text, problems } = raw;
  const names = parseJson(text || "[]");
  const hint = `Known: ${known.join(", ")}.`;
  if (!isStringArray(names) || names.length < least) {
    problems.push(`${key} ${quote(names)} is not a list of ${kind}s. ${hint}`);
    return known;
  }
  for (const [index, name] of names.entries()) {
    if (!known.some((one) => one === name)) problems.push(`Unknown ${kind} ${quote(name)} in ${key}. ${hint}`);
    if (names.indexOf(name) < index) problems.push(`Duplicate ${kind} ${quote(name)} in ${key}. Remove one.`);
  }
  return names as T[];
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
function readUrlPrefix(raw: Raw, example: string): string {
  const { key, text, problems } = raw;
  if (/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i.test(text)) {
    problems.push(
      `${key} contains credentials, which would leak into build arguments, state and logs. ` +
        `Use a URL without "user:password@" that can be read anonymously.`,
    );
    return text;
  }
  const rule = `is not a URL prefix. Use http(s)://… without a trailing slash, such as ${example}.`;
  return check(raw, /^https?:\/\/[^\s]+[^\s/]$/.test(text), rule);
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
