import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";
import { getMonitor } from "@pulumi/pulumi/runtime/settings";

/** The engine's function that returns a stack's outputs. */
export const readStackOutputs = "pulumi:pulumi:readStackOutputs";

/** A resource as the engine gets it. */
interface Registered {
  readonly type: string;
  readonly name: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly inputs: any;
  readonly retainOnDelete: boolean;
  readonly protect: boolean;
  /** The id of what is imported; empty if the resource is created. */
  readonly importId: string;
  /** The URNs of the resources that it depends on. */
  readonly dependencies: readonly string[];
}

// Its requests have a resource's options, which Pulumi's mocks leave out.
type RegisterResource = (request: RegisterResourceRequest, callback: unknown) => Promise<void>;

/** Records what a program registers, without an engine. */
export class Recorder implements pulumi.runtime.Mocks {
  readonly resources: Registered[] = [];
  private request: RegisterResourceRequest | undefined;

  /**
   * @param functions the results of provider functions by token; a call of any other function fails
   * @param outputs the outputs that resources have besides their inputs, by resource type
   */
  constructor(
    private readonly functions: Readonly<Record<string, Record<string, unknown>>> = {},
    private readonly outputs: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {},
  ) {}

  /** Replaces the engine for a stack, in an update or a preview. */
  async install(stack: string, isPreview = false): Promise<void> {
    await pulumi.runtime.setMocks(this, "runner-pulumi", stack, isPreview, "organization");
    const monitor = getMonitor() as unknown as { registerResource: RegisterResource };
    const registerResource = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      // newResource is called before anything is awaited.
      this.request = request;
      return registerResource(request, callback);
    };
  }

  newResource({ type, name, inputs }: pulumi.runtime.MockResourceArgs) {
    if (this.request?.getName() !== name) throw new Error(`The recorded request is not the one of ${name}.`);
    this.resources.push({
      type,
      name,
      inputs: inputs as unknown,
      retainOnDelete: this.request.getRetainondelete() ?? false,
      protect: this.request.getProtect() ?? false,
      importId: this.request.getImportid(),
      dependencies: this.request.getDependenciesList(),
    });
    const added = this.outputs[type]?.(name) ?? {};
    return { id: name, state: { ...(inputs as object), digest: `sha256:${name}`, ...added } };
  }

  call({ token }: pulumi.runtime.MockCallArgs): Record<string, unknown> {
    // Without it, the stack has no outputs yet.
    const answer = this.functions[token] ?? (token === readStackOutputs ? {} : undefined);
    if (answer === undefined) throw new Error(`The program calls ${token}, which no test expects.`);
    return answer;
  }

  /** The resources of a type, by name. */
  ofType(type: string): Map<string, Registered> {
    const resources = this.resources.filter((resource) => resource.type === type);
    return new Map(resources.map((resource) => [resource.name, resource]));
  }
}

/** Resolves an output of the program; rejects with its error. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return (output as unknown as { promise(): Promise<T> }).promise();
}

/** Sets the program's config in the engine's form: structured values as JSON. */
export function setConfig(values: Readonly<Record<string, unknown>>): void {
  const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const entries = Object.entries(values).map(([key, value]) => [`runner-pulumi:${key}`, textOf(value)]);
  pulumi.runtime.setAllConfig(Object.fromEntries(entries) as Record<string, string>);
}
