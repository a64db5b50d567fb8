/** Runs some work while this process has other environment variables, and returns its result. */
export async function withEnvironment<T>(variables: NodeJS.ProcessEnv, work: () => T | Promise<T>): Promise<T> {
  const previous = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    for (const [name, value] of previous) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
