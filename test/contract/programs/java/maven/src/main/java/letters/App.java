package letters;

import com.pulumi.Pulumi;

public final class App {
    public static void main(String[] args) {
        Pulumi.run(context -> {
            var letters = context.config().get("letters").orElseGet(Żuraw::read);
            context.export("answer", Żuraw.count(letters));
        });
    }
}
