import { failuresOfRegistries } from "./registryLogs";

let began = new Date();

/**
 * Mocha hooks that add to a failed test's message what registries could not do since the process began, or since the file
 * began if suites run in parallel. They run in the process of the suite, while its registries have their logs. A hook that
 * fails names nothing.
 */
export const mochaHooks = {
  beforeAll(): void {
    began = new Date();
  },
  afterEach(this: Mocha.Context): void {
    const { err } = this.currentTest ?? {};
    if (err !== undefined) append(err, failuresOfRegistries(began));
  },
};

/** Appends lines to an error's message. Mocha prints the stack without the message if it begins with it. */
function append(error: Error, lines: readonly string[]): void {
  if (lines.length === 0) return;
  const { message, stack = "" } = error;
  error.message = [message, "Registries failed:", ...lines].join("\n");
  error.stack = stack.replace(message, () => error.message);
}
