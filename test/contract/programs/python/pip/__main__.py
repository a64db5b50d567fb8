"""A tree that is a component, and the fruit that it bears."""

import pulumi


class Tree(pulumi.ComponentResource):
    def __init__(self, name: str, fruit: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None):
        super().__init__("contract:index:Tree", name, {}, opts)
        self.fruit = pulumi.Output.format("{0} from the {1}", fruit, name)
        self.register_outputs({"fruit": self.fruit})


config = pulumi.Config()
tree = Tree("north tree", config.get("fruit") or "żurawina")

pulumi.export("answer", tree.fruit)
