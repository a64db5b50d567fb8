// A plugin in the checkout. A dynamic provider would store its own code in the state and need one more file of Pulumi's archive
// on PATH. A resource hook runs only for resources that change, so it would not notice a tag that was moved by hand.
import * as pulumi from "@pulumi/pulumi";
import type { Provider } from "@pulumi/pulumi/provider";

import { Fault, messageOf } from "../../lib/errors";
import { type Credentials, RepositoryClient } from "../../lib/oci/repositoryClient";
import { versionLabel } from "../labels";

/** The properties of a Tag. */
export interface TagInputs {
  /** host[:port]/path, without a tag */
  readonly repository: string;
  readonly tag: string;
  /** sha256:… of a manifest or an index that the repository has. */
  readonly digest: string;
  /** The version of Pulumi inside, X.Y.Z. */
  readonly version: string;
  /** Undefined for anonymous pushes. Not compared, because those of ECR Public are new in each run. */
  readonly credentials?: Credentials;
}

/**
 * The resource Tag: lets a tag of a registry's repository point to a digest. What the tag serves now is read in every
 * preview and update, so a tag that was moved or deleted by hand is a difference. Nothing is ever deleted in the registry.
 * https://www.pulumi.com/docs/iac/packages-and-automation/pulumi-packages/authoring/
 */
export const tagProvider: Provider = {
  version: "0.0.0",

  /** Prints how the tag would move, because a diff only compares with what this stack released last. */
  async check(_urn, _olds, news: TagInputs) {
    const text = await describeMove(unwrap(news));
    // Of the whole stack: Pulumi then prints all moves in one block.
    if (text !== undefined) await pulumi.log.info(text);
    return { inputs: news };
  },

  async diff(_id, _urn, olds: TagInputs, news: TagInputs) {
    const [before, now] = [unwrap(olds), unwrap(news)];
    const sameInputs = compared.every((property) => before[property] === now[property]);
    // A registry that cannot be read is an error of the update.
    return { changes: !sameInputs || (await served(now).catch(messageOf)) !== now.digest };
  },

  async create(_urn, inputs: TagInputs) {
    const { repository, tag } = inputs;
    return { id: `${repository}:${tag}`, outs: await move(unwrap(inputs)) };
  },

  async update(_id, _urn, _olds, news: TagInputs) {
    return { outs: await move(unwrap(news)) };
  },

  /** The tag stays in the registry: users pull it. */
  delete: () => Promise.resolve(),
};

const compared = ["repository", "tag", "digest", "version"] as const;

function client({ repository, credentials }: TagInputs): RepositoryClient {
  return new RepositoryClient(repository, credentials);
}

function served(inputs: TagInputs): Promise<string | undefined> {
  return client(inputs).digest(inputs.tag);
}

/** Moves the tag by one request, unless it serves the digest already. Returns the outputs. */
async function move(inputs: TagInputs): Promise<Omit<TagInputs, "credentials">> {
  const { repository, tag, digest, version } = inputs;
  try {
    if ((await served(inputs)) !== digest) await client(inputs).setTag(tag, digest);
  } catch (error) {
    throw new Fault(`${repository}:${tag} was not moved: ${messageOf(error)}`);
  }
  return { repository, tag, digest, version };
}

/** Describes how a tag would move; undefined if it serves the digest already. The digest is unknown before a build. */
async function describeMove(inputs: TagInputs): Promise<string | undefined> {
  const { repository, tag, digest, version } = inputs;
  const known = /^sha256:[0-9a-f]{64}$/.test(digest);
  const next = `Pulumi ${version}, ${known ? digest : "a new digest"}`;
  const title = `Tag ${tag} of ${repository}`;
  try {
    const now = await served(inputs);
    if (now === digest) return undefined;
    if (now === undefined) return `${title}: new, ${next}`;
    const labels = await client(inputs).labels(now);
    return `${title}: Pulumi ${labels?.[versionLabel] ?? "of an unknown version"}, ${now} → ${next}`;
  } catch (error) {
    return `${title} cannot be read: ${messageOf(error)}`;
  }
}

/** The inputs without Pulumi's wrapping of secrets: https://pulumi-developer-docs.readthedocs.io/latest/docs/_generated/proto/provider.html */
function unwrap(inputs: TagInputs): TagInputs {
  const plain = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if ("4dabf18193072939515e22adb298388d" in value) return plain((value as { value?: unknown }).value);
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
  };
  return plain(inputs) as TagInputs;
}
