public import GatePrimitives

/// The admin interface.
public struct AdminSettings: Described {
    /// Where it listens.
    public var address = Located(SocketEndpoint.unix(path: "/run/portcullis/admin.sock"))
    /// The token its clients send; needed on TCP.
    public var token: Located<SecretReference>?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The default socket.
    public init() {}

    static let schema = Schema<AdminSettings>(
        "admin", "The admin interface: configuration, decisions, reload. It is never reachable through a listener.",
        [
            .defaulted(
                "address", \.address, Shape<SocketEndpoint>.listenAddress.located,
                default: "unix:/run/portcullis/admin.sock",
                "Where it listens: a Unix socket with mode 0600, or a loopback address together with `token`."),
            .optional(
                "token", \.token, Shape<SecretReference>.secret.located, absent: "no token is asked for",
                "What a client must send as `authorization: Bearer …`. A TCP address needs it."),
        ])
}

/// The telemetry interface.
public struct TelemetrySettings: Described {
    /// Where it listens.
    public var address = Located(SocketEndpoint.ip(IPAddress(v4: 0), port: 0))
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No address.
    public init() {}

    static let schema = Schema<TelemetrySettings>(
        "telemetry", "The read-only interface: `/metrics`, `/healthz`, `/readyz`.",
        [
            .required(
                "address", \.address, Shape<SocketEndpoint>.listenAddress.located,
                "Where it listens: a loopback or private address, or a Unix socket. A public address is an error.")
        ])
}

/// Where the logs go.
public struct LogSettings: Described {
    /// Where the access log goes.
    public var access = LogTarget.stdout
    /// Where the event log goes.
    public var events = LogTarget.stderr
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Standard output and standard error.
    public init() {}

    static let schema = Schema<LogSettings>(
        "logs",
        """
        Where the logs go, one JSON object a line. Writing never waits: lines that a reader does not take in time are \
        dropped and counted. SIGUSR1 opens files anew.
        """,
        [
            .defaulted("access", \.access, .logTarget, default: "stdout", "One line a request."),
            .defaulted("events", \.events, .eventTarget, default: "stderr", "What happens to the gateway itself."),
        ])
}

/// Where a log goes.
public enum LogTarget: Hashable, Sendable {
    /// Standard output.
    case stdout
    /// Standard error.
    case stderr
    /// A file, appended to.
    case file(FilePath)
    /// Nowhere.
    case none
}

extension Shape where Value == LogTarget {
    /// Where the access log goes.
    static let logTarget: Shape = target("`stdout`, `stderr`, `file:PATH` or `none`")
    /// Where the event log goes: somewhere.
    static let eventTarget: Shape = target("`stdout`, `stderr` or `file:PATH`")

    private static func target(_ type: String) -> Shape {
        let choice = type.filter { $0 != "`" }
        return Shape(type) { node, decoding in
            guard let text = Shape<String>.text(choice, most: 4096).decode(node, &decoding) else { return nil }
            switch text {
            case "stdout": return .stdout
            case "stderr": return .stderr
            case "none" where type.hasSuffix("`none`"): return LogTarget.none
            case _ where text.hasPrefix("file:") && text.utf8.count > 5:
                return .file(.resolve(String(text.dropFirst(5)), directory: decoding.directory, root: decoding.root))
            default:
                decoding.error(
                    at: node.position, "\(Quantity.quoted(text)) is no place for this log", instead: "write \(choice)")
                return nil
            }
        } render: { target in
            switch target {
            case .stdout: .text("stdout")
            case .stderr: .text("stderr")
            case .file(let path): .text("file:\(path.written)")
            case .none: .text("none")
            }
        }
    }
}

/// Loops, connections, privileges.
public struct ProcessSettings: Described {
    /// Event loops; nil: one per core.
    public var loops: Int?
    /// Connections at a time, both sides; nil: what the limit of open files allows.
    public var maxConnections: Int?
    /// How long exchanges may finish after SIGTERM.
    public var drain = TimeSpan.seconds(30)
    /// The user to become.
    public var user: Located<String>?
    /// The group to become.
    public var group: Located<String>?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The defaults.
    public init() {}

    static let schema = Schema<ProcessSettings>(
        "process", "Loops, connections, privileges.",
        [
            .defaulted(
                "loops", \.loops, Shape<Int>.integer(1...1024).orAuto, default: "auto",
                "Event loops; `auto` is one per core."),
            .defaulted(
                "maxConnections", \.maxConnections, Shape<Int>.integer(16...100_000_000).orAuto, default: "auto",
                """
                Client connections at a time, over all listeners; beyond it new ones are reset. `auto` is what the limit \
                of open files allows with a backend connection for each; a number that does not fit is an error at start.
                """),
            .defaulted(
                "drain", \.drain, .duration(), default: "30s",
                "How long exchanges may finish after SIGTERM, and how long streams of a route that a reload removed."),
            .optional(
                "user", \.user, Shape<String>.name("a user").located, absent: "the user it was started by",
                "The user to become once the sockets are open, when started by root."),
            .optional(
                "group", \.group, Shape<String>.name("a group").located, absent: "the user's own group",
                "The group to become with it."),
        ])
}

extension Shape {
    /// This shape, or the word `auto`, which is nil.
    var orAuto: Shape<Value?> {
        Shape<Value?>(
            type + ", or `auto`", sections: sections,
            decode: { node, decoding in
                if case .scalar("auto", _) = node.content { return .some(nil) }
                return decode(node, &decoding).map { .some($0) }
            },
            render: { $0.map(render) ?? .text("auto") })
    }
}
