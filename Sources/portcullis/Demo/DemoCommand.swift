import ArgumentParser
import GateIdentity
import GatePrimitives
import GateSupervisor
import Glibc

/// `portcullis demo`: the main job for real, on this machine, with requests that the reader can repeat.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the gateway before a sample backend and make live requests.",
        discussion: """
            Makes a certificate, keys and tokens in a directory of its own, starts a backend and the gateway, and \
            makes requests with curl: let through, refused, limited, inspected, failed by the backend. Then it keeps running \
            until Ctrl-C. Exit status 1 if an answer was not the expected one.
            """)

    @Flag(help: "End after the requests.") var once = false

    func run() throws {
        let signals = try SignalQueue()
        var demo = try Demo()
        defer { demo.stop() }
        try demo.start()
        let failures = try demo.makeRequests()
        printOutput("")
        guard failures == 0 else {
            printError("\(failures) answers were not as expected; the logs are in \(demo.directory)")
            throw ExitCode(1)
        }
        printOutput("Every answer was as expected.")
        defer { demo.remove() }
        guard !once else { return }
        demo.invite()
        while true {
            switch signals.wait() {
            case .signal(.stop): return
            case .signal(.child) where demo.gatewayHasEnded:
                printError("the gateway ended; its events are in \(demo.directory)/events.log")
                throw ExitCode(1)
            default: continue
            }
        }
    }
}

/// The demo's processes and files.
struct Demo {
    /// Where everything is.
    let directory: String
    private let adminSocket: SocketEndpoint
    private var backend: ChildProcess?
    private var gateway: ChildProcess?
    private var base = ""
    private var telemetry = ""

    /// A demo in a new directory.
    init() throws {
        directory = try DemoFile.makeDirectory()
        adminSocket = try SocketEndpoint("unix:\(directory)/admin.sock")
    }

    /// Whether the gateway has ended, although nobody asked it to.
    var gatewayHasEnded: Bool { gateway?.hasEnded ?? true }

    /// Makes certificate, keys, tokens and configuration, and starts backend and gateway.
    mutating func start() throws {
        printOutput("Everything of this demo is in \(directory) until it ends.\n")
        let certificate = try DemoCertificate()
        try DemoFile.write(certificate.authority, to: directory + "/ca.pem")
        try DemoFile.write(certificate.chain, to: directory + "/server.pem")
        try DemoFile.write(certificate.key, to: directory + "/server.key")
        try DemoFile.write(String(repeating: "x", count: 4096), to: directory + "/large.bin")
        try makeTokens()
        let address = try startBackend()
        let dead = try unansweredAddress()
        try DemoFile.write(
            DemoConfiguration.text(backend: address, dead: dead, adminSocket: directory + "/admin.sock"),
            to: directory + "/gateway.yaml")
        try startGateway()
    }

    /// The keys and tokens, made with the commands that the reader has, too.
    private func makeTokens() throws {
        try portcullis("token", "keys", "--out", directory + "/keys")
        let common = [
            "token", "mint", "--key", directory + "/keys/private.jwk", "--issuer", DemoConfiguration.issuer,
            "--audience", DemoConfiguration.audience,
        ]
        for (name, options) in [
            ("reader", ["--subject", "alice", "--scope", "orders:read"]),
            ("guest", ["--subject", "bob"]),
            ("expired", ["--subject", "alice", "--scope", "orders:read", "--expires=-5m"]),
        ] {
            let token = try portcullis(common + options)
            try DemoFile.write(token, to: "\(directory)/\(name).jwt")
        }
    }

    @discardableResult
    private func portcullis(_ arguments: String...) throws -> String { try portcullis(arguments) }

    /// Runs one of this executable's own commands and returns what it printed.
    private func portcullis(_ arguments: [String]) throws -> String {
        let (output, status) = try DemoFile.outputOf(ChildProcess.own, arguments, in: directory)
        guard status == 0 else { throw CommandFailure("portcullis \(arguments.joined(separator: " ")): \(output)") }
        return output
    }

    private mutating func startBackend() throws -> String {
        let output = directory + "/backend.log"
        let process = try ChildProcess.start(ChildProcess.own, ["sample-backend"], output: output, errors: output)
        backend = process
        let mark = "listening on "
        let line = try wait(for: "the backend", process, output) { text in
            text.split(separator: "\n").first { $0.hasPrefix(mark) }.map { String($0.dropFirst(mark.count)) }
        }
        printOutput("backend:   \(line) (process \(process.id))")
        return line
    }

    private mutating func startGateway() throws {
        let events = directory + "/events.log"
        let process = try ChildProcess.start(
            ChildProcess.own, ["run", "--config", directory + "/gateway.yaml"], output: directory + "/output.log",
            errors: events)
        gateway = process
        _ = try wait(for: "the gateway", process, events) { $0.contains("\"event\":\"worker ready\"") ? "" : nil }
        for line in try DemoFile.read(events).split(separator: "\n") {
            guard let event = try? JSONReader.read(Array(line.utf8).span),
                event.text("event") == "listening",
                let address = event.text("address")
            else { continue }
            switch event.text("listener") {
            case "public": base = "https://localhost:\(address.split(separator: ":").last ?? "")"
            case "telemetry": telemetry = "http://\(address)"
            default: break
            }
        }
        printOutput("gateway:   \(base) (process \(process.id)), TLS 1.3\n")
    }

    /// A loopback address on which nobody listens any more.
    private func unansweredAddress() throws -> String {
        let address = SocketEndpoint.ip(IPAddress(v4: 0x7f00_0001), port: 0)
        let sockets = try ListeningSocket.open(.init(name: "dead", address: address, sockets: 1))
        for socket in sockets { close(socket.descriptor) }
        return sockets.first?.address.description ?? "127.0.0.1:1"
    }

    /// Waits until `found` finds something in the file, while the process lives; at most 20 seconds.
    private func wait(
        for what: String, _ process: ChildProcess, _ file: String, found: (String) -> String?
    ) throws -> String {
        for _ in 0..<400 {
            if let result = found(try DemoFile.read(file)) { return result }
            if process.hasEnded { break }
            usleep(50_000)
        }
        throw CommandFailure("\(what) did not start:\n\(try DemoFile.read(file))")
    }

    /// Makes each request; returns how many answers were not the expected ones.
    func makeRequests() throws -> Int {
        var failures = 0
        for step in DemoStep.all(base: base, directory: directory) {
            let line = "curl -si --cacert \(directory)/ca.pem \(step.arguments)"
            printOutput("# \(step.title)\n$ \(line)")
            let (output, _) = try DemoFile.outputOf("/bin/sh", ["-c", line], in: directory)
            let answer = DemoAnswer(output)
            let verdict = answer.status == step.status ? "" : "   <- expected \(step.status)"
            printOutput("  \(answer.status == 0 ? "no answer" : "\(answer.version) \(answer.status)")\(verdict)")
            for row in answer.body.split(separator: "\n").prefix(3) { printOutput("  \(row.prefix(200))") }
            printOutput("  why: \(try reason(answer.decision))")
            if step.isExplained, let decision = answer.decision { try explain(decision) }
            printOutput("")
            if answer.status != step.status { failures += 1 }
        }
        return failures
    }

    /// What the gateway itself says of a decision.
    private func reason(_ decision: String?) throws -> String {
        guard let decision else { return "no x-request-id" }
        let answer = try AdminClient.get("/decisions/\(decision)", from: adminSocket)
        guard answer.status == 200, let facts = try? JSONReader.read(answer.body.span)["outcome"] else {
            return "no decision \(decision) (status \(answer.status))"
        }
        let words = ["step", "reason", "blame", "route", "limit", "principal", "upstream"].compactMap { name in
            facts.text(name).flatMap { $0.isEmpty ? nil : "\(name) \($0)" }
        }
        return words.joined(separator: ", ")
    }

    /// Asks the running gateway for the whole decision, as the reader can.
    private func explain(_ decision: String) throws {
        printOutput("$ portcullis explain --decision \(decision) --config \(directory)/gateway.yaml")
        let told = try portcullis(
            "explain", "--decision", decision, "--config", directory + "/gateway.yaml")
        for line in told.split(separator: "\n") where line.hasPrefix("waf.") { printOutput("  \(line)") }
    }

    /// What the reader can do while it runs.
    func invite() {
        printOutput(
            """

            The gateway keeps running; Ctrl-C ends it. Repeat any line above, or:

              curl -s \(telemetry)/metrics
              curl -s --unix-socket \(directory)/admin.sock http://localhost/config
              tail -f \(directory)/access.log
            """)
    }

    /// Ends what was started and waits for it. The directory stays: it tells why an answer was not as expected.
    mutating func stop() {
        for process in [gateway, backend].compactMap({ $0 }) where !process.hasEnded {
            process.stop()
            _ = process.wait()
        }
        (gateway, backend) = (nil, nil)
    }

    /// Ends what was started and removes the directory with the keys.
    mutating func remove() {
        stop()
        let null = "/dev/null"
        _ = try? ChildProcess.start("rm", ["-r", "--", directory], output: null, errors: null).wait()
    }
}

extension JSONNode {
    /// The text of the member `name`, or nil where it has none.
    fileprivate func text(_ name: String) -> String? {
        self[name]?.string.map { String(decoding: $0, as: UTF8.self) }
    }
}
