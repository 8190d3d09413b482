import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Talkover in your JUnit 5 tests: copy this file. It needs Java 17, and a server that runs: `talkover-mock serve`.
 * Each test has an environment of its own. A failure shows what the server saw: calls, reasons, deliveries.
 */
public final class Talkover implements BeforeEachCallback, TestExecutionExceptionHandler, AfterEachCallback {
    private static final String SERVER = variable("TALKOVER_MOCK_URL", "http://127.0.0.1:7357");
    private static final String THIS_MACHINE = variable("TALKOVER_RECEIVER_HOST", "127.0.0.1"); // as the server reaches it
    private static final String SECRET = "our secret";
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    public final String apiUrl = SERVER + "/api/v1";
    public final String token = "talq_" + UUID.randomUUID();
    private String name;
    private HttpServer receiver;

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        name = context.getRequiredTestMethod().getName() + "-" + token;
        ask("POST", "environments", "{'name': '%s', 'token': '%s'}".formatted(name, token));
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable error) throws Throwable {
        String report;
        try {
            report = ask("GET", "report", "");
        } catch (Exception | AssertionError lost) {
            report = lost.toString();
        }
        throw new AssertionError(error.getMessage() + "\n\n" + report, error);
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        try {
            verify("{'unmatched': true, 'times': 0}"); // no call went to a path that the API does not have
        } finally {
            if (receiver != null) receiver.stop(0);
            ask("DELETE", "environments/" + name, "");
        }
    }

    /** Asks a route below /__admin, in this environment; ' stands for " in the JSON. A refusal has the server's own text. */
    public String ask(String method, String path, String json) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(SERVER + "/__admin/" + path))
            .method(method, BodyPublishers.ofString(json.replace('\'', '"')))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .build();
        var answer = CLIENT.send(request, BodyHandlers.ofString());
        if (answer.statusCode() < 400) return answer.body();
        var detail = Pattern.compile("\"detail\": \"((?:[^\"\\\\]|\\\\.)*)\"").matcher(answer.body());
        throw new AssertionError(detail.find() ? detail.group(1).replace("\\n", "\n").replace("\\\"", "\"") : answer.body());
    }

    /** Checks which calls came, such as {'method': 'PATCH', 'path': '*toggle', 'times': 1}, or which deliveries were made. */
    public void verify(String expected) throws Exception {
        ask("POST", "verify", expected);
    }

    /** Emits an event, and waits until it is delivered; returns the deliveries as JSON. */
    public String emit(String agentId, String event) throws Exception {
        return ask("POST", "events", "{'agent_id': '%s', 'event': '%s', 'wait': 5}".formatted(agentId, event));
    }

    /** Points a webhook at a receiver of this test; returns the bodies, which grow as they come. */
    public List<String> receive(String webhookId) throws Exception {
        List<String> bodies = new CopyOnWriteArrayList<>();
        String bound = THIS_MACHINE.equals("127.0.0.1") ? THIS_MACHINE : "0.0.0.0";
        receiver = HttpServer.create(new InetSocketAddress(bound, 0), 0);
        receiver.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            boolean genuine = isGenuine(SECRET, exchange.getRequestHeaders().getFirst("Signature"), body);
            if (genuine) bodies.add(new String(body));
            exchange.sendResponseHeaders(genuine ? 204 : 401, -1);
            exchange.close();
        });
        receiver.start();
        String url = "http://" + THIS_MACHINE + ":" + receiver.getAddress().getPort() + "/";
        ask("PATCH", "webhooks/" + webhookId,
            "{'webhook_url': '%s', 'webhook_secret': '%s', 'enabled': true}".formatted(url, SECRET));
        return bodies;
    }

    /** Whether the signature is that of these bytes, as they came: verify before you parse. */
    public static boolean isGenuine(String secret, String signature, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret.getBytes(), "HmacSHA256"));
            String expected = HexFormat.of().formatHex(mac.doFinal(body));
            return signature != null && MessageDigest.isEqual(expected.getBytes(), signature.getBytes());
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    private static String variable(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
