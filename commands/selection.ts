import { type Language, catalogue } from "../images/catalogue";
import { type Platform, allPlatforms } from "../images/platform";
import { Fault } from "../lib/errors";
import { readVariable } from "../lib/environmentVariables";

/**
 * Reads the languages in LANGUAGE, separated by commas, in the catalogue's order.
 * @returns none if the variable is not set
 * @throws {Fault} that names unknown languages
 */
export function selectedLanguages(env: NodeJS.ProcessEnv = process.env): readonly Language[] {
  const names =
    readNames(
      "LANGUAGE",
      catalogue.map(({ name }) => name),
      env,
    ) ?? [];
  return catalogue.filter(({ name }) => names.includes(name));
}

/**
 * Reads the platforms in PLATFORMS, separated by commas.
 * @returns undefined if the variable is not set
 * @throws {Fault} that names unknown platforms
 */
export function selectedPlatforms(env: NodeJS.ProcessEnv = process.env): readonly Platform[] | undefined {
  return readNames("PLATFORMS", allPlatforms, env);
}

function readNames<Name extends string>(
  variable: string,
  known: readonly Name[],
  env: NodeJS.ProcessEnv,
): Name[] | undefined {
  const text = readVariable(variable, env);
  if (text === undefined) return undefined;
  const names = [...new Set(text.split(","))];
  const isKnown = (name: string): name is Name => (known as readonly string[]).includes(name);
  const unknown = names.filter((name) => !isKnown(name)).map((name) => JSON.stringify(name));
  if (unknown.length === 0) return names.filter(isKnown);
  throw new Fault(
    `${variable} ${JSON.stringify(text)}: unknown ${unknown.join(", ")}. ` +
      `Use one or more of ${known.join(",")}, separated by commas.`,
  );
}
