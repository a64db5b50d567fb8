import { platformsAskedFor } from "../ci/asked";
import { Fault } from "../ci/fault";
import { Clone } from "../ci/git";
import { duration, heading } from "../ci/say";
import { readSignatures } from "../ci/stackFile";
import { type AskedTag, type PublishedImage, askedTag, readPublished } from "../ci/verify/published";
import { type Workplace, rebuild } from "../ci/verify/rebuild";
import { changedSources, verify } from "../ci/verify/verify";
import type { Language } from "../images/catalogue";
import type { SignaturePolicy } from "../images/signature";
import { type Environment, setUp } from "./environment";
import { checkout, folder } from "./folder";
import { ownPlatform } from "./machine";
import { ensureRelease } from "./mirror";
import { registryAskedFor } from "./registryAskedFor";

/**
 * `make verify`: rebuilds what a tag serves on this machine's builder, without cache, and compares. Throws a Fault where
 * anything differs, and where there is nothing to compare with.
 */
export async function verifyTag(gitTag: string, languages: readonly Language[]): Promise<void> {
  const asked = askedTag(gitTag);
  const published = await readPublished(await registryAskedFor(asked.stack), asked.tag, languages);
  const images = limitPlatforms(published, asked.tag);
  const stack = process.env["STACK"] ?? "local";
  const signatures = stack === "local" ? "required" : await readSignatures(checkout, stack);
  // Those that were published, of which PLATFORMS may leave out some: a stand-in for both is another base than for one.
  const allPlatforms = [...new Set(published.flatMap((image) => image.platforms))];
  // A builder of the user's own brings its own emulation, or needs none.
  const environment = await setUp(allPlatforms, {
    runs: process.env["BUILDER"] === undefined ? undefined : [ownPlatform()],
  });
  for (const { version, platforms } of images) {
    if (environment.mirrored) await ensureRelease(version, platforms);
  }
  // Nobody has signed what the mirror holds.
  const place = workplace(environment, environment.mirrored ? "off" : signatures);
  heading(`Rebuilding ${gitTag} without cache`);
  const began = Date.now();
  const verdict = await verify(asked, images, (all) => rebuild(all, place));
  heading("Compared");
  for (const line of verdict.lines) console.log(`  ${line}`);
  const took = duration(Date.now() - began);
  if (!verdict.identical) throw new Fault(await difference(gitTagOf(asked, images), took));
  console.log(`\n${gitTag} is what this checkout builds (${took}).`);
}

/** The images with the platforms of PLATFORMS alone, if that is set. Throws a Fault where one has not all of them. */
function limitPlatforms(images: readonly PublishedImage[], tag: string): readonly PublishedImage[] {
  const wanted = platformsAskedFor();
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

/** The builder of `make up`, or one that the user's own buildx knows. */
function workplace(environment: Environment, signatures: SignaturePolicy): Workplace {
  const { env, builder, registry, bases, pulumiReleases, debianSnapshots } = environment;
  const given = process.env["BUILDER"];
  const { BUILDX_CONFIG, DOCKER_CONFIG, ...others } = env;
  return {
    ...{ folder, bases, pulumiReleases, debianSnapshots, signatures },
    env: given === undefined ? { ...others, BUILDX_CONFIG, DOCKER_CONFIG } : others,
    builder: given ?? builder,
    // A path of its own, so that nothing that is published is touched.
    registry: `${registry}/verify`,
  };
}

/** The git tag that was released as an image tag: for `latest`, that of the version that it serves. */
function gitTagOf({ tag, version }: AskedTag, [image]: readonly PublishedImage[]): string {
  return tag === "latest" ? `latest-v${version ?? image?.version}` : tag;
}

async function difference(gitTag: string, took: string): Promise<string> {
  const sources = await changedSources(new Clone(checkout), gitTag);
  const rebuilt = `The rebuilt images stay in the local registry, under verify/ (${took}).`;
  return [`${gitTag} is not what this checkout builds, see above.`, sources, rebuilt].filter(Boolean).join(" ");
}
