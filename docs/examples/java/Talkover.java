import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Talkover in your JUnit 5 tests: copy this file. It needs Java 17, and a server that runs: `talkover-mock serve`.
 * Each test has an environment of its own. A failure shows what the server saw: calls, reasons, deliveries.
 * An instance serves one test at a time: with `@TestInstance(PER_CLASS)`, run the tests of the class one by one.
 */
public final class Talkover implements BeforeEachCallback, AfterEachCallback,
        TestExecutionExceptionHandler, LifecycleMethodExecutionExceptionHandler {
    private static final String SERVER = variable("TALKOVER_MOCK_URL", "http://127.0.0.1:7357");
    private static final String THIS_MACHINE = variable("TALKOVER_RECEIVER_HOST", "127.0.0.1"); // as the server reaches it
    private static final String SECRET = "our secret";
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    public final String apiUrl = SERVER + "/api/v1";
    public String token;
    private String name;
    private final List<HttpServer> receivers = new ArrayList<>();

    @Override
    public synchronized void beforeEach(ExtensionContext context) throws Exception {
        if (name != null) throw new IllegalStateException("another test is using this Talkover; do not run them at once");
        String title = context.getRequiredTestClass().getSimpleName() + ": " + context.getDisplayName();
        token = "talq_" + UUID.randomUUID();
        String unique = (title + "-" + token).replaceAll("[^A-Za-z0-9]+", "-");
        String cut = unique.substring(Math.max(0, unique.length() - 100)).replaceAll("^-", "");
        ask("POST", "environments",
            "{'name': '%s', 'token': '%s', 'title': '%s'}".formatted(cut, token, escaped("%.500s".formatted(title))));
        name = cut;
        context.getStore(Namespace.GLOBAL).put(this, name);
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable error) throws Throwable {
        rethrow(error);
    }

    @Override
    public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable error) throws Throwable {
        rethrow(error);
    }

    @Override
    public void handleAfterEachMethodExecutionException(ExtensionContext context, Throwable error) throws Throwable {
        rethrow(error);
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        if (context.getStore(Namespace.GLOBAL).remove(this) == null) return; // the server has opened no environment
        try {
            verify("{'unmatched': true, 'times': 0}"); // no call went to a path that the API does not have
        } finally {
            String opened = name;
            name = null;
            receivers.forEach(receiver -> receiver.stop(0));
            receivers.clear();
            ask("DELETE", "environments/" + opened, "");
        }
    }

    /** Asks a route below /__admin, in this environment; ' stands for " in the JSON. A refusal has the server's own text. */
    public String ask(String method, String path, String json) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(SERVER + "/__admin/" + path))
            .method(method, BodyPublishers.ofString(json.replace('\'', '"')))
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .build();
        HttpResponse<String> answer;
        try {
            answer = CLIENT.send(request, BodyHandlers.ofString());
        } catch (ConnectException error) {
            String remedy = "start it with `talkover-mock serve`, or set TALKOVER_MOCK_URL";
            throw new IllegalStateException(SERVER + " does not answer; " + remedy, error);
        }
        if (answer.statusCode() < 400) return answer.body();
        var detail = Pattern.compile("\"detail\": \"((?:[^\"\\\\]|\\\\.)*)\"").matcher(answer.body());
        throw new AssertionError(detail.find() ? unescaped(detail.group(1)) : answer.body());
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
        HttpServer receiver = HttpServer.create(new InetSocketAddress(bound, 0), 0);
        receiver.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            boolean genuine = isGenuine(SECRET, exchange.getRequestHeaders().getFirst("Signature"), body);
            if (genuine) bodies.add(new String(body, UTF_8));
            exchange.sendResponseHeaders(genuine ? 204 : 401, -1);
            exchange.close();
        });
        receivers.add(receiver);
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
            mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
            String expected = HexFormat.of().formatHex(mac.doFinal(body));
            return signature != null && MessageDigest.isEqual(expected.getBytes(), signature.getBytes());
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
    }

    /** The same error, so that its line and its difference stay, with the calls, reasons and deliveries as suppressed. */
    private void rethrow(Throwable error) throws Throwable {
        try {
            error.addSuppressed(new Report(ask("GET", "report", "")));
        } catch (Exception | AssertionError lost) {
            error.addSuppressed(lost);
        }
        throw error;
    }

    private static final class Report extends Exception {
        private static final long serialVersionUID = 1;

        Report(String text) {
            super(text, null, false, false); // without a stack trace
        }
    }

    private static String escaped(String text) {
        return Pattern.compile("[\\p{Cntrl}\"'\\\\]").matcher(text)
            .replaceAll(found -> "\\\\u%04x".formatted((int) found.group().charAt(0)));
    }

    private static String unescaped(String text) {
        return Pattern.compile("\\\\u(....)|\\\\.").matcher(text).replaceAll(found -> Matcher.quoteReplacement(
            found.group(1) == null
                ? found.group().translateEscapes()
                : Character.toString(Integer.parseInt(found.group(1), 16))));
    }

    private static String variable(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value.replaceAll("/+$", "");
    }
}
