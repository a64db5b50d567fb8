import { type Language, catalogue } from "../images/catalogue";
import { type Platform, allPlatforms } from "../images/platform";
import { Fault } from "../lib/errors";
import { readVariable } from "../lib/environmentVariables";

/** Reads the languages in LANGUAGE, separated by commas, in the catalogue's order; none if it is not set. */
export function selectedLanguages(env = process.env): readonly Language[] {
  const names = readNames("LANGUAGE", new Set(catalogue.map(({ name }) => name)), env);
  return catalogue.filter(({ name }) => names?.has(name));
}

/** Reads the platforms in PLATFORMS, separated by commas; undefined if it is not set. */
export function selectedPlatforms(env = process.env): readonly Platform[] | undefined {
  const names = readNames("PLATFORMS", new Set(allPlatforms), env);
  return names && ([...names] as Platform[]);
}

/** Reads the names in a variable, each once. Refuses unknown ones. */
function readNames(variable: string, known: ReadonlySet<string>, env: NodeJS.ProcessEnv) {
  const text = readVariable(variable, env);
  if (text === undefined) return undefined;
  const names = new Set(text.split(","));
  const unknown = [...names].filter((name) => !known.has(name)).map((name) => JSON.stringify(name));
  if (unknown.length === 0) return names;
  throw new Fault(
    `${variable} ${JSON.stringify(text)}: unknown ${unknown.join(", ")}. ` +
      `Use one or more of ${[...known].join(",")}, separated by commas.`,
  );
}
