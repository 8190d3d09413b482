import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A receiver of webhooks that checks signatures: copy this file beside Talkover.java. */
public final class Receiver implements AutoCloseable {
    private static final String GIVEN = System.getenv().getOrDefault("TALKOVER_RECEIVER_HOST", "");
    private static final String HOST = GIVEN.isEmpty() ? "127.0.0.1" : GIVEN; // this machine, as the server reaches it
    private static final String SECRET = "our secret";

    /** The genuine deliveries, which grow as they come. */
    public final List<String> bodies = new CopyOnWriteArrayList<>();
    private final HttpServer server;

    /** Points a webhook at this receiver. */
    public Receiver(Talkover talkover, String webhookId) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET.getBytes(UTF_8), "HmacSHA256"));
        server = HttpServer.create(new InetSocketAddress(HOST.equals("127.0.0.1") ? HOST : "0.0.0.0", 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes(); // as they came: verify before you parse
            String expected = HexFormat.of().formatHex(mac.doFinal(body));
            String given = exchange.getRequestHeaders().getFirst("Signature");
            boolean genuine = given != null && MessageDigest.isEqual(expected.getBytes(UTF_8), given.getBytes(UTF_8));
            if (genuine) bodies.add(new String(body, UTF_8));
            exchange.sendResponseHeaders(genuine ? 204 : 401, -1);
            exchange.close();
        });
        String url = "http://" + HOST + ":" + server.getAddress().getPort() + "/";
        talkover.ask("PATCH", "webhooks/" + webhookId,
            "{'webhook_url': '%s', 'webhook_secret': '%s', 'enabled': true}".formatted(url, SECRET));
        server.start();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
