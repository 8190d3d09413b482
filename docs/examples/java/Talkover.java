import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.UUID;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Talkover in JUnit 5 tests: copy this file. It needs Java 17, and a server that runs: `talkover-mock serve`. */
public final class Talkover implements BeforeEachCallback, AfterEachCallback {
    private static final String URL = System.getenv().getOrDefault("TALKOVER_MOCK_URL", "");
    private static final String SERVER = URL.isEmpty() ? "http://127.0.0.1:7357" : URL.replaceAll("(/api/v1)?/*$", "");
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    public String token = "talq_" + UUID.randomUUID(); // the environment has the UUID as its name
    public final String apiUrl = SERVER + "/api/v1";

    @Override
    public void beforeEach(ExtensionContext test) throws Exception {
        String title = test.getRequiredTestClass().getSimpleName() + ": " + test.getDisplayName();
        String escaped = String.join("", title.chars().mapToObj("\\u%04x"::formatted).toList());
        ask("POST", "environments",
            "{'name': '%s', 'token': '%s', 'title': '%s'}".formatted(token.substring(5), token, escaped));
    }

    @Override
    public void afterEach(ExtensionContext test) throws Exception {
        try {
            var failure = test.getExecutionException();
            if (failure.isPresent()) failure.get().addSuppressed(new Exception(ask("GET", "report", "")));
            verify("{'unmatched': true, 'times': 0}"); // no call went to a path that the API does not have
        } finally {
            ask("DELETE", "environments/" + token.substring(5), "");
            token = "talq_" + UUID.randomUUID(); // for the next test, if it has the same Talkover
        }
    }

    /** Asks a route below /__admin in this environment; ' stands for " in the JSON. A refusal has the server's text. */
    public String ask(String method, String path, String json) throws Exception {
        try {
            var request = HttpRequest.newBuilder(URI.create(SERVER + "/__admin/" + path))
                .method(method, HttpRequest.BodyPublishers.ofString(json.replace('\'', '"')))
                .header("Authorization", "Bearer " + token).header("Accept", "text/plain").build();
            var answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 400) throw new AssertionError(answer.body());
            return answer.body();
        } catch (IOException | IllegalArgumentException e) {
            throw new AssertionError(SERVER + ": " + e + "; run `talkover-mock serve`, or set TALKOVER_MOCK_URL", e);
        }
    }

    public void verify(String expected) throws Exception {
        ask("POST", "verify", expected);
    }

    public String emit(String agentId, String event) throws Exception {
        return ask("POST", "events", "{'agent_id': '%s', 'event': '%s', 'wait': 5}".formatted(agentId, event));
    }
}
