import { readImages } from "../lib/oci/image";
import type { ClientOf, RepositoryClient } from "../lib/oci/repositoryClient";
import type { ImageOutputs } from "./publish";

/** A published image, as the workflow attests and scans it. */
export interface Subject {
  readonly language: string;
  /** host[:port]/path */
  readonly repository: string;
  /** Digest of its index, or of its manifest if it has one platform. */
  readonly digest: string;
  /** Digest of each platform's manifest, by os/architecture. */
  readonly platforms: Readonly<Record<string, string>>;
}

/** Reads the platforms of an image by its digest. */
export async function readSubject(language: string, client: RepositoryClient, digest: string): Promise<Subject> {
  const images = await readImages(client, digest);
  const platforms = images.map((image) => [image.platform, image.digest] as const);
  return { language, repository: client.repository, digest, platforms: Object.fromEntries(platforms) };
}

/** Reads the platforms of all released images, one after another. */
export async function readSubjects(images: ImageOutputs, clientOf: ClientOf): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const [language, { repository, digest }] of Object.entries(images)) {
    subjects.push(await readSubject(language, clientOf(repository), digest));
  }
  return subjects;
}
