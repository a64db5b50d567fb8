package smoke;

import com.pulumi.Pulumi;
import com.pulumi.core.Output;

public class App {
    public static void main(String[] args) {
        Pulumi.run(context -> context.export("answer", Output.of("hello from java")));
    }
}
