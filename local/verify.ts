import { platformsAskedFor } from "../ci/asked";
import { Fault } from "../ci/fault";
import { Clone } from "../ci/git";
import { duration, heading } from "../ci/say";
import { type AskedTag, type PublishedImage, askedTag, readPublished } from "../ci/verify/published";
import { type Workplace, rebuild } from "../ci/verify/rebuild";
import { changedSources, verify } from "../ci/verify/verify";
import { type StackRegistry, readStackRegistry } from "../ci/watch/config";
import type { Language } from "../images/catalogue";
import { type Environment, setUp } from "./environment";
import { checkout, folder, prepareFolder } from "./folder";
import { ensureRelease } from "./mirror";
import { portOf } from "./ports";
import { startRegistry } from "./services";
import { ensureBuilderTools } from "./tools";

/**
 * `make verify`: rebuilds what a tag serves on this machine's builder, without cache, and compares. Throws a Fault where
 * anything differs, and where there is nothing to compare with.
 */
export async function verifyTag(gitTag: string | undefined, languages: readonly Language[]): Promise<void> {
  const asked = askedTag(gitTag);
  const images = await readAsked(asked, languages);
  const environment = await setUp([...new Set(images.flatMap(({ platforms }) => platforms))]);
  for (const { version, platforms } of images) {
    if (environment.mirrored) await ensureRelease(version, platforms);
  }
  heading(`Rebuilding ${gitTag} without cache`);
  const began = Date.now();
  const verdict = await verify(asked, images, (all) => rebuild(all, workplace(environment)));
  heading("Compared");
  for (const line of verdict.lines) console.log(`  ${line}`);
  const took = duration(Date.now() - began);
  if (!verdict.identical) throw new Fault(await difference(gitTag ?? "", took));
  console.log(`\n${gitTag} is what this checkout builds (${took}).`);
}

/** What is served where STACK says; where it is not set, in the registry of `make up`. */
async function readAsked({ tag, stack }: AskedTag, languages: readonly Language[]): Promise<PublishedImage[]> {
  const wanted = platformsAskedFor();
  const images = await readPublished(await registryOf(stack), tag, languages);
  if (wanted === undefined) return images;
  return images.map((image) => {
    const platforms = image.platforms.filter((platform) => wanted.includes(platform));
    if (platforms.length === wanted.length) return { ...image, platforms };
    throw new Fault(
      `PLATFORMS "${wanted.join(",")}" are not among the platforms of ${image.language.name}:${tag}, ` +
        `${image.platforms.join(",")}. Name some of these, or leave PLATFORMS out.`,
    );
  });
}

async function registryOf(stackOfTag: string): Promise<StackRegistry> {
  const stack = process.env["STACK"] ?? "local";
  if (stack !== "local") {
    if (stack === stackOfTag) return readStackRegistry(checkout, stack);
    throw new Fault(`STACK "${stack}" does not publish that tag: stack ${stackOfTag} does. Give STACK=${stackOfTag}.`);
  }
  const given = process.env["REGISTRY"];
  if (given !== undefined) return { registry: given, alias: "" };
  // The registry alone: that a tag is not there is said before minutes of set-up.
  heading("Reading what the local registry serves");
  prepareFolder();
  const port = await portOf("registry", folder, "REGISTRY_PORT");
  return { registry: await startRegistry(await ensureBuilderTools(), folder, port), alias: "" };
}

/** The builder of `make up`, or one that the user's own buildx knows. */
function workplace(environment: Environment): Workplace {
  const { env, builder, registry, bases, pulumiReleases, debianSnapshots, mirrored } = environment;
  const given = process.env["BUILDER"];
  const { BUILDX_CONFIG, DOCKER_CONFIG, ...others } = env;
  return {
    ...{ folder, bases, pulumiReleases, debianSnapshots },
    env: given === undefined ? { ...others, BUILDX_CONFIG, DOCKER_CONFIG } : others,
    builder: given ?? builder,
    // Nobody has signed what the mirror holds.
    signatures: mirrored ? "off" : "required",
    // A path of its own, so that nothing that is published is touched.
    registry: `${registry}/verify`,
  };
}

async function difference(gitTag: string, took: string): Promise<string> {
  const sources = await changedSources(new Clone(checkout), gitTag);
  const rebuilt = `The rebuilt images stay in the local registry, under verify/ (${took}).`;
  return [`${gitTag} is not what this checkout builds, see above.`, sources, rebuilt].filter(Boolean).join(" ");
}
