package letters;

import com.pulumi.core.Output;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A class and a resource whose names have a letter beyond ASCII. */
final class Żuraw {
    static String read() {
        try (var resource = Żuraw.class.getResourceAsStream("/żuraw.txt")) {
            return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Output<String> count(String letters) {
        return Output.format("%s letters: %s", Output.of(letters.length()), Output.of(letters));
    }
}
