/// One request of the demo: what it shows, the line that makes it, and the answer that is expected.
struct DemoStep {
    /// What it shows.
    let title: String
    /// The arguments of curl, as a reader would type them into a shell.
    let arguments: String
    /// The status that must come back.
    let status: Int
    /// Whether the rules of the firewall that matched are shown, too.
    var isExplained = false

    /// The requests, for a gateway at `base` and the demo's `directory`.
    static func all(base: String, directory: String) -> [DemoStep] {
        func token(_ name: String) -> String { "-H \"authorization: Bearer $(cat \(directory)/\(name).jwt)\"" }
        return [
            DemoStep(
                title: "A valid token with the scope", arguments: "\(token("reader")) \(base)/orders", status: 200),
            DemoStep(
                title: "The same over HTTP/1.1; curl and the gateway agree on HTTP/2 otherwise",
                arguments: "--http1.1 \(token("reader")) \(base)/orders", status: 200),
            DemoStep(title: "No token", arguments: "\(base)/orders", status: 401),
            DemoStep(title: "A token that has expired", arguments: "\(token("expired")) \(base)/orders", status: 401),
            DemoStep(title: "A token without the scope", arguments: "\(token("guest")) \(base)/orders", status: 403),
            DemoStep(
                title: "A path that two parsers could read differently",
                arguments: "--path-as-is \(token("reader")) \(base)/orders/../admin", status: 400),
            DemoStep(title: "No such route", arguments: "\(base)/nowhere", status: 404),
            DemoStep(title: "Limit 1/min with burst 1: the first passes", arguments: "\(base)/limited", status: 200),
            DemoStep(title: "… the second passes, too: the burst", arguments: "\(base)/limited", status: 200),
            DemoStep(title: "… the third is refused", arguments: "\(base)/limited", status: 429),
            DemoStep(
                title: "A body within its limit of 1 KiB", arguments: "--data-binary hello \(base)/echo", status: 200),
            DemoStep(
                title: "A body beyond it", arguments: "--data-binary @\(directory)/large.bin \(base)/echo", status: 413),
            DemoStep(
                title: "A search that passes the firewall's Core Rule Set", arguments: "'\(base)/search?q=blue+shoes'",
                status: 200),
            DemoStep(
                title: "SQL injection: the rules refuse it",
                arguments: "'\(base)/search?q=1%27%20OR%20%271%27%3D%271'", status: 403, isExplained: true),
            DemoStep(title: "A backend that is down", arguments: "\(base)/dead", status: 502),
            DemoStep(title: "A backend that does not answer", arguments: "\(base)/slow", status: 504),
        ]
    }
}

/// What curl printed with `-i`: the final head and the body.
struct DemoAnswer {
    /// The status, 0 where there was no answer.
    let status: Int
    /// The protocol as curl names it, such as `HTTP/2`; empty where there was no answer.
    let version: String
    /// The decision's id, from `x-request-id`.
    let decision: String?
    /// The body.
    let body: String

    /// Reads curl's output; informational heads before the answer are passed over.
    init(_ output: String) {
        var rest = output[...]
        var head: [Substring] = []
        repeat {
            guard let end = rest.firstRange(of: "\r\n\r\n") else { break }
            head = rest[..<end.lowerBound].split(separator: "\r\n")
            rest = rest[end.upperBound...]
        } while head.first?.split(separator: " ").dropFirst().first?.hasPrefix("1") == true
        status = head.first.flatMap { $0.split(separator: " ").dropFirst().first.flatMap { Int($0) } } ?? 0
        version = status == 0 ? "" : head.first.flatMap { $0.split(separator: " ").first.map(String.init) } ?? ""
        decision = head.first { $0.lowercased().hasPrefix("x-request-id:") }
            .map { $0.dropFirst("x-request-id:".count).filter { $0 != " " } }
        body = String(rest)
    }
}
