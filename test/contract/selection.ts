import { catalogue } from "../../images/catalogue";
import { type Platform, allPlatforms, isPlatform } from "../../images/platform";
import { readVariable, requireVariables } from "../../lib/environmentVariables";
import { Fault } from "../../lib/errors";
import { ownPlatform } from "../../local/native/platforms";

/** What is judged, and by which languages' checks besides the common ones. */
export interface Selection {
  readonly reference: string;
  readonly platform: Platform;
  readonly languages: readonly string[];
}

/** Reads IMAGE, PLATFORM and LANGUAGE. @throws {Fault} for values that are not known */
export function readSelection(env: NodeJS.ProcessEnv = process.env): Selection {
  const { IMAGE: reference } = requireVariables(["IMAGE"], env);
  const platform = readVariable("PLATFORM", env) ?? ownPlatform();
  if (!isPlatform(platform)) {
    throw new Fault(`PLATFORM ${JSON.stringify(platform)} is unknown. Use ${allPlatforms.join(" or ")}.`);
  }
  return { reference, platform, languages: readLanguages(reference, readVariable("LANGUAGE", env)) };
}

/** The languages whose checks judge an image: those of LANGUAGE, or else of the repository's name. None of another's image. */
function readLanguages(reference: string, text: string | undefined): readonly string[] {
  const [, ofRepository] = /runner-pulumi-([a-z]+)(?=[:@]|$)/.exec(reference) ?? [];
  const language = catalogue.find(({ name }) => name === (text ?? ofRepository));
  if (language !== undefined) return language.includes ?? [language.name];
  if (text === undefined) return [];
  const known = catalogue.map(({ name }) => name).join(", ");
  throw new Fault(`LANGUAGE ${JSON.stringify(text)} is unknown. Use one of ${known}, or omit it.`);
}
