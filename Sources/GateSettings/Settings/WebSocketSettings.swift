public import GatePrimitives

/// Which WebSockets a route takes.
public struct WebSocketSettings: Described {
    /// The origins whose pages may open one.
    public var origins: [Located<String>] = []
    /// How long both sides may be silent.
    public var idleTimeout = TimeSpan.seconds(60)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No origin.
    public init() {}

    static let schema = Schema<WebSocketSettings>(
        "routes[].webSocket",
        """
        WebSockets of a route. All that a request has to pass is asked at the handshake, before the backend hears of it. The \
        route's method is GET, over HTTP/2, too.
        """,
        [
            .required(
                "origins", \.origins, Shape<String>.text("an origin").located.list(1...256),
                "The origins whose pages may open one: `https://app.example.com`, with a port where it is not the default; another gets a 403. `[\"*\"]` lets every page, a waiver. A client without `origin` is no browser and passes."
            ),
            .defaulted(
                "idleTimeout", \.idleTimeout, .duration(.seconds(1) ... .seconds(86_400)), default: "60s",
                "How long neither side may send a byte; then both get a Close with 1001. A ping of either side counts."),
        ])
}
