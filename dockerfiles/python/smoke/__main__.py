import pulumi

pulumi.export("answer", pulumi.Output.concat("hello from ", "python"))
