import { existsSync } from "node:fs";

import * as pulumi from "@pulumi/pulumi";

import { catalogue } from "./catalogue";
import { readDockerfile, stages } from "./dockerfile";
import { type Platform, isPlatform, platforms } from "./platform";
import { imageTags, isImageTag, isPulumiVersion } from "./release";
import { type SignaturePolicy, isSignaturePolicy, signaturePolicies } from "./signature";
import { withdrawal, withdrawnVersions } from "./withdrawals";

/** The stack's config, checked. */
export interface Config {
  /** The Pulumi version to install, X.Y.Z. */
  readonly pulumiVersion: string;
  /** The image tag to publish. */
  readonly tag: string;
  readonly platforms: readonly Platform[];
  /** The registry's address, host[:port][/path]; undefined is ECR Public. */
  readonly registry: string | undefined;
  /** The alias of the environment's registry in ECR Public: public.ecr.aws/<alias>. */
  readonly alias: string;
  /** Whether repositories that hold images already are imported, and only the others created. */
  readonly adoptRepositories: boolean;
  /** The buildx builder's name; undefined is the current one. */
  readonly builder: string | undefined;
  /** Stages that another build context replaces, by stage name. */
  readonly bases: Readonly<Record<string, string>>;
  /** The URL prefix of Pulumi's releases, without a slash at its end. */
  readonly pulumiReleases: string;
  /** What is asked of the signatures of Pulumi's releases. */
  readonly signatures: SignaturePolicy;
  /** The URL prefix of Debian's snapshots; empty is the sources of the base image, as they are on the day. */
  readonly debianSnapshots: string;
  /** The repository that builders share layers by, host[:port]/path; undefined is none. */
  readonly cache: string | undefined;
  /** A build argument that no Dockerfile declares: when it changes, every image is pushed again, with its digest. */
  readonly repair: string;
}

/** Reads the stack's config. Throws a RunError that names every fault in it at once. */
export function readConfig(): Config {
  const values = new pulumi.Config();
  const config = {
    pulumiVersion: values.get("pulumiVersion") ?? "",
    tag: values.get("tag") ?? "",
    platforms: readJson(values, "platforms"),
    registry: values.get("registry") ?? "",
    alias: values.get("alias") ?? "",
    // Pulumi's getBoolean throws at once, and the other faults would stay unnamed.
    adoptRepositories: values.get("adoptRepositories") ?? "false",
    builder: values.get("builder") ?? "",
    bases: readJson(values, "bases"),
    pulumiReleases: values.get("pulumiReleases") ?? "",
    signatures: values.get("signatures") ?? "required",
    debianSnapshots: values.get("debianSnapshots") ?? "",
    cache: values.get("cache") ?? "",
    repair: values.get("repair") ?? "",
  };
  const faults = [
    ...pulumiVersionFaults(config.pulumiVersion),
    ...tagFaults(config.tag, config.pulumiVersion, pulumi.getStack()),
    ...platformFaults(config.platforms),
    ...registryFaults(config.registry, config.alias),
    ...adoptRepositoriesFaults(config.adoptRepositories),
    ...builderFaults(config.builder),
    ...baseFaults(config.bases),
    ...pulumiReleasesFaults(config.pulumiReleases),
    ...signaturesFaults(config.signatures),
    ...debianSnapshotsFaults(config.debianSnapshots),
    ...cacheFaults(config.cache),
  ];
  if (faults.length > 0) {
    throw new pulumi.RunError(["The config cannot be used:", ...faults.map((fault) => `  - ${fault}`)].join("\n"));
  }
  return {
    ...config,
    platforms: config.platforms as Platform[],
    signatures: config.signatures as SignaturePolicy,
    registry: config.registry || undefined,
    adoptRepositories: config.adoptRepositories === "true",
    builder: config.builder || undefined,
    cache: config.cache || undefined,
    bases: config.bases as Record<string, string>,
  };
}

/**
 * What a config leaves to the day that images are built on, as a sentence; undefined where it leaves nothing, and on
 * stack local, where the set-up has said why.
 */
export function whyUnpinned({ debianSnapshots }: Pick<Config, "debianSnapshots">, stack: string): string | undefined {
  if (debianSnapshots !== "" || stack === "local") return undefined;
  return (
    "debianSnapshots is empty: Debian's packages are those of today, and another day makes other digests. " +
    "Set it, such as to http://snapshot.debian.org/archive, to release what can be built again."
  );
}

/** A structured value, or the text itself where it is no JSON: the rules below then name it as a fault. */
function readJson(values: pulumi.Config, key: string): unknown {
  try {
    return values.getObject<unknown>(key);
  } catch {
    return values.get(key);
  }
}

function pulumiVersionFaults(version: string): string[] {
  const withdrawn = withdrawal(version, withdrawnVersions);
  if (withdrawn !== undefined) return [withdrawn];
  if (isPulumiVersion(version)) return [];
  return [`pulumiVersion ${quote(version)} is not a version of Pulumi. Give X.Y.Z, such as 3.66.0.`];
}

function tagFaults(tag: string, pulumiVersion: string, stack: string): string[] {
  if (!isPulumiVersion(pulumiVersion)) {
    if (isImageTag(tag)) return [];
    return [`tag ${quote(tag)} is not an image tag of a release. Give vX.Y.Z, dev-vX.Y.Z or latest.`];
  }
  const allowed = imageTags(pulumiVersion, stack);
  if (allowed.includes(tag)) return [];
  return [`tag ${quote(tag)} is not one of Pulumi ${pulumiVersion} on stack ${stack}. Give ${allowed.join(" or ")}.`];
}

function platformFaults(value: unknown): string[] {
  const known = `Known: ${Object.keys(platforms).join(", ")}.`;
  if (!isStringArray(value) || value.length === 0)
    return [`platforms ${quote(value)} is not a list. Give one. ${known}`];
  const unknown = value.filter((platform) => !isPlatform(platform));
  const twice = value.filter((platform, index) => value.indexOf(platform) !== index);
  return [
    ...unknown.map((platform) => `Unknown platform ${quote(platform)} in platforms. ${known}`),
    ...twice.map((platform) => `Platform ${quote(platform)} stands twice in platforms. Name it once.`),
  ];
}

function registryFaults(registry: string, alias: string): string[] {
  if (registry === "") {
    if (/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(alias)) return [];
    return [
      `Neither registry nor alias ${quote(alias)} says where images go. Give an address, or an alias of ECR Public.`,
    ];
  }
  if (isAddress(registry)) return [];
  return [
    `registry ${quote(registry)} is not the address of a registry. ` +
      `Give host[:port][/path] in lower case, with a port up to 65535 and no scheme, such as localhost:5000.`,
  ];
}

/** Whether the text is host[:port][/path], as a reference to an image begins. */
function isAddress(text: string): boolean {
  const [address, port = "1"] = /^[a-z0-9.-]+(?::(\d+))?(?:\/[a-z0-9._-]+)*$/.exec(text) ?? [];
  return address !== undefined && Number(port) >= 1 && Number(port) <= 65535;
}

function adoptRepositoriesFaults(value: string): string[] {
  if (["true", "false"].includes(value)) return [];
  return [`adoptRepositories ${quote(value)} is neither true nor false. Give one of them.`];
}

function builderFaults(builder: string): string[] {
  if (/^([a-z][\w.-]*)?$/i.test(builder)) return [];
  return [`builder ${quote(builder)} is not the name of a buildx builder. Give one that "docker buildx ls" lists.`];
}

function baseFaults(value: unknown): string[] {
  if (!isStringRecord(value)) {
    return [
      `bases ${quote(value)} does not map stages to build contexts. Give {"debian": "docker-image://…@sha256:…"}.`,
    ];
  }
  const known = [...new Set(catalogue.flatMap(({ name }) => [...stages(readDockerfile(name)).keys()]))];
  return Object.entries(value).flatMap(([stage, base]) => [
    ...(known.includes(stage) ? [] : [`Unknown stage ${quote(stage)} in bases. Known: ${known.join(", ")}.`]),
    ...buildContextFaults(stage, base),
  ]);
}

/** A tag or a URL alone is something else tomorrow, and so another digest of the same version. */
function buildContextFaults(stage: string, base: string): string[] {
  if (/^(docker-image|oci-layout):\/\/[^@\s]+@sha256:[0-9a-f]{64}$/.test(base) || existsSync(base)) return [];
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(base) ?? [];
  if (scheme === "docker-image" || scheme === "oci-layout") {
    const where = scheme === "oci-layout" ? "its index.json" : `"docker buildx imagetools inspect"`;
    return [
      `Base ${quote(base)} of stage ${stage} does not name its image by digest. Give ${scheme}://…@sha256:…; ` +
        `${where} tells the digest of a tag.`,
    ];
  }
  // A URL is not quoted: it may hold a password, and the fault stands in logs.
  const what = scheme === undefined ? quote(base) : `${scheme}://…`;
  return [
    `Base ${what} of stage ${stage} is nothing that stays what it is. ` +
      `Give docker-image://…@sha256:…, oci-layout://…@sha256:… or a directory.`,
  ];
}

/** Whether a URL, or what was meant to be one, names a user before its host. */
function hasUser(url: string): boolean {
  return /^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i.test(url);
}

/** The value is not quoted: it may hold a password, and the fault stands in logs. */
function userFault(what: string): string {
  return (
    `${what} names a user or a password, which would stand in build arguments, in the state and in logs. ` +
    `Give a URL that can be read without, and no "user:password@".`
  );
}

function pulumiReleasesFaults(prefix: string): string[] {
  if (hasUser(prefix)) return [userFault("pulumiReleases")];
  if (/^https?:\/\/[^\s]+[^\s/]$/.test(prefix)) return [];
  return [
    `pulumiReleases ${quote(prefix)} is not a URL prefix. ` +
      `Give http(s)://… without a slash at its end, such as https://get.pulumi.com/releases/sdk.`,
  ];
}

function signaturesFaults(policy: string): string[] {
  if (isSignaturePolicy(policy)) return [];
  return [`signatures ${quote(policy)} is not a policy. Give ${signaturePolicies.join(", ")}.`];
}

function debianSnapshotsFaults(prefix: string): string[] {
  if (hasUser(prefix)) return [userFault("debianSnapshots")];
  if (prefix === "" || /^https?:\/\/[^\s]+[^\s/]$/.test(prefix)) return [];
  return [
    `debianSnapshots ${quote(prefix)} is not a URL prefix. Give http(s)://… without a slash at its end, such as ` +
      `http://snapshot.debian.org/archive, or nothing for the sources of the base image.`,
  ];
}

function cacheFaults(cache: string): string[] {
  if (cache === "" || (isAddress(cache) && cache.includes("/"))) return [];
  return [`cache ${quote(cache)} is not a repository. Give host[:port]/path without a scheme, a tag or a digest.`];
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isStringRecord(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && isStringArray(Object.values(value));
}

function quote(value: unknown): string {
  return value === undefined ? '""' : JSON.stringify(value);
}
