import Foundation

/// One test of the Core Rule Set's regression suite: requests and what the log must say of the last one.
struct RegressionTest {
    /// One request and what is expected of it.
    struct Stage {
        /// The bytes that go to the server.
        let request: [UInt8]
        /// Rules that must match.
        var expected: Set<Int> = []
        /// Rules that must not.
        var unexpected: Set<Int> = []
        /// Statuses of which the answer must have one; empty for any.
        var statuses: [Int] = []
        /// What the log must contain in another form.
        var pattern: String?
    }

    /// `942100-3`.
    let name: String
    let stages: [Stage]

    /// Every test below `folder`, in the order of their names.
    static func all(below folder: String) -> [RegressionTest] {
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix(".yaml") }.sorted().flatMap { file -> [RegressionTest] in
            guard let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8) else { return [] }
            let document = TestDocument.read(text)
            let rule = document["rule_id"]?.text
            return (document["tests"]?.items ?? []).map { test in
                let id = test["test_id"]?.text.map { "\(rule ?? "")-\($0)" }
                return RegressionTest(
                    name: id ?? test["test_title"]?.text ?? file,
                    stages: (test["stages"]?.items ?? []).compactMap { Stage($0["stage"] ?? $0, isOld: rule == nil) })
            }
        }
    }
}

extension RegressionTest.Stage {
    /// A stage as go-ftw reads it.
    init?(_ value: TestValue, isOld: Bool) {
        guard let input = value["input"] else { return nil }
        request = FTWRequest.bytes(of: input, isOld: isOld)
        let output = value["output"]
        statuses = (output?["status"]?.items ?? []).compactMap { $0.text.flatMap { Int($0) } }
        let log = output?["log"]
        expected = Self.numbers(log?["expect_ids"])
        unexpected = Self.numbers(log?["no_expect_ids"])
        pattern = log?["match_regex"]?.text
        for (key, isExpected) in [("log_contains", true), ("no_log_contains", false)] {
            guard let text = output?[key]?.text ?? log?[key]?.text, let id = Self.ruleID(in: text) else { continue }
            if isExpected { expected.insert(id) } else { unexpected.insert(id) }
        }
    }

    private static func numbers(_ value: TestValue?) -> Set<Int> {
        Set((value?.items ?? []).compactMap { $0.text.flatMap { Int($0) } })
    }

    /// The rule of `id "942100"` or `id:942100`.
    private static func ruleID(in text: String) -> Int? {
        Int(text.filter(\.isNumber).prefix(6))
    }
}

/// The request of a stage as go-ftw makes it.
enum FTWRequest {
    /// `isOld`: of a suite for the older runner, which gives no length to a request without data.
    static func bytes(of input: TestValue, isOld: Bool) -> [UInt8] {
        if let encoded = input["encoded_request"]?.text, !encoded.isEmpty {
            return Data(base64Encoded: encoded, options: .ignoreUnknownCharacters).map { Array($0) } ?? []
        }
        var fields: [String: String] = [:]
        for (name, value) in input["headers"]?.entries ?? [] { fields[name] = value.text ?? "" }
        let method = input["method"]?.text ?? "GET"
        var data = Array((input["data"].map { $0.items.compactMap(\.text).joined(separator: "\r\n") } ?? "").utf8)
        let completes = input["autocomplete_headers"]?.text != "false" && input["stop_magic"]?.text != "true"
        if completes, !data.isEmpty {
            if (fields["Content-Type"] ?? "").isEmpty { fields["Content-Type"] = "application/x-www-form-urlencoded" }
            if fields["Content-Type"] == "application/x-www-form-urlencoded" { data = encoded(data) }
        }
        if fields["Content-Type"]?.hasPrefix("multipart/form-data;") == true {
            data = withLineEnds(data)
        }
        if completes {
            if (fields["Connection"] ?? "").isEmpty { fields["Connection"] = "close" }
            let hasBody = !isOld && ["POST", "PUT", "PATCH", "DELETE"].contains { method.contains($0) }
            if !data.isEmpty || hasBody, (fields["Content-Length"] ?? "").isEmpty {
                fields["Content-Length"] = String(data.count)
            }
        }
        let version = input["version"]?.text ?? "HTTP/1.1"
        var head = "\(method) \(input["uri"]?.text ?? "/") \(version)\r\n"
        for name in fields.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            head += "\(name): \(fields[name] ?? "")\r\n"
        }
        return Array(head.utf8) + [0x0d, 0x0a] + data
    }

    /// Lines that end in LF alone end in CRLF instead.
    private static func withLineEnds(_ data: [UInt8]) -> [UInt8] {
        data.indices.flatMap { index -> [UInt8] in
            data[index] == 0x0a && (index == 0 || data[index - 1] != 0x0d) ? [0x0d, 0x0a] : [data[index]]
        }
    }

    /// Form data with names and values percent-encoded, unless they look so already.
    private static func encoded(_ data: [UInt8]) -> [UInt8] {
        guard !data.contains(0x2b), !hasEscape(data) else { return data }
        let pairs = data.split(separator: 0x26, omittingEmptySubsequences: false)
        return Array(
            pairs.map { pair in
                pair.split(separator: 0x3d, maxSplits: 1, omittingEmptySubsequences: false).map(escaped).joined(
                    separator: [0x3d])
            }.joined(separator: [0x26]))
    }

    private static func hasEscape(_ data: [UInt8]) -> Bool { data.contains(0x25) }

    private static func escaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: [byte]
            case 0x20: [0x2b]
            default: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
