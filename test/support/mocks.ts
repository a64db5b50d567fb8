import * as pulumi from "@pulumi/pulumi";
import { getMonitor } from "@pulumi/pulumi/runtime/settings";

/** A resource as the program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  /** The inputs, as the engine gets them. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly inputs: any;
  /** The options, as the engine gets them. */
  readonly retainOnDelete: boolean;
  /** The URNs of the resources that it depends on. */
  readonly dependencies: readonly string[];
}

/** The part of the engine's protocol that tells a resource's options, which Pulumi's mocks leave out. */
interface RegisterRequest {
  getType(): string;
  getName(): string;
  getRetainondelete(): boolean;
  getDependenciesList(): string[];
}

type RegisterResource = (request: RegisterRequest, callback: unknown) => Promise<void>;

/** Records what a program registers, without an engine. A call of a provider function fails: none is expected. */
export class Recorder implements pulumi.runtime.Mocks {
  readonly resources: Registered[] = [];
  private request: RegisterRequest | undefined;

  /** Takes the engine's place for a stack. */
  async install(stack: string): Promise<void> {
    await pulumi.runtime.setMocks(this, "runner-pulumi", stack);
    const monitor = getMonitor() as unknown as { registerResource: RegisterResource };
    const registerResource = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      // newResource is called before anything is awaited.
      this.request = request;
      return registerResource(request, callback);
    };
  }

  newResource({ type, name, inputs }: pulumi.runtime.MockResourceArgs) {
    if (this.request?.getName() !== name) throw new Error(`The request of ${name} is not the one that was recorded.`);
    this.resources.push({
      type,
      name,
      inputs: inputs as unknown,
      retainOnDelete: this.request.getRetainondelete(),
      dependencies: this.request.getDependenciesList(),
    });
    const digest = `sha256:${name}`;
    return { id: name, state: { ...(inputs as object), digest, ref: digest } };
  }

  call(args: pulumi.runtime.MockCallArgs): never {
    throw new Error(`The program calls ${args.token}, which no test expects.`);
  }

  /** The resources of a type, by name. */
  ofType(type: string): Map<string, Registered> {
    return new Map(
      this.resources.filter((resource) => resource.type === type).map((resource) => [resource.name, resource]),
    );
  }
}

/** Sets the program's config, as the engine hands it over: structured values as JSON. */
export function setConfig(values: Readonly<Record<string, unknown>>): void {
  const entries = Object.entries(values).map(([key, value]) => [
    `runner-pulumi:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig(Object.fromEntries(entries) as Record<string, string>);
}
