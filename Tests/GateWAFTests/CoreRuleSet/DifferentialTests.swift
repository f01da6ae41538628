import Foundation
import GateWAF
import Testing

/// The same requests to Debian's ModSecurity and to our engine, with the same rules at every paranoia level: the same
/// rules must match.
@Suite(.serialized) struct DifferentialTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// PORTCULLIS_DIFFERENTIAL_REQUESTS=10000 for the long run.
    private let rounds = environment["PORTCULLIS_DIFFERENTIAL_REQUESTS"].flatMap { Int($0) } ?? 400

    @Test(arguments: CoreRuleSet.areInstalled() ? CoreRuleSet.installed.map(\.name) : [])
    func requestsAndTheirMutationsMatchTheSameRules(name: String) throws {
        let set = try #require(CoreRuleSet.installed.first { $0.name == name })
        let files = ["/etc/nginx/modsecurity.conf"] + set.files
        guard let theirs = ModSecurityEngine(files: files, before: CoreRuleSet.testSetup) else {
            print("skipped: no libmodsecurity.so.3 (1 test)")
            return
        }
        let ours = EngineRunner(try set.compiled())
        let requests = RegressionTest.all(below: set.tests).flatMap { $0.stages.map(\.request) }
        var random = Seeded(state: 20_261_125)
        var differences: [String: Int] = [:]
        var differing = 0
        for round in 0..<rounds {
            let chosen = requests[random.below(requests.count)]
            let request = round % 3 == 0 ? chosen : MutatedRequest.make(chosen, &random)
            let message = RegressionMessage(request)
            guard KnownDifferences.isComparable(message) else { continue }
            let (matches, failure) = ours.run(message)
            let found = Set(matches.map(\.rule))
            let lines = theirs.log(of: message)
            let required = ModSecurityEngine.ids(in: KnownDifferences.required(lines, message))
            let known = KnownDifferences.rules(message)
            let missing = required.subtracting(found).subtracting(known)
            let extra = found.subtracting(ModSecurityEngine.ids(in: lines)).subtracting(known)
            guard failure != nil || !missing.isEmpty || !extra.isEmpty else { continue }
            differing += 1
            for rule in missing { differences["-\(rule)", default: 0] += 1 }
            for rule in extra { differences["+\(rule)", default: 0] += 1 }
            if differing <= 10 {
                let text = String(decoding: request.prefix(1500), as: UTF8.self).debugDescription
                Issue.record(
                    "missing \(missing.sorted()), extra \(extra.sorted()), \(String(describing: failure)): \(text)")
            }
        }
        print(
            "\(name): \(rounds) requests, \(differing) differ: \(differences.sorted { $0.value > $1.value }.prefix(20))"
        )
        #expect(differing == 0)
    }
}

/// Where ModSecurity 3.0.9 and we differ on purpose (docs/decisions/0009-bodies-for-rules.md).
enum KnownDifferences {
    /// Whether the parts of a request reach both alike.
    static func isComparable(_ message: RegressionMessage) -> Bool {
        // Its interface takes C strings.
        !message.request.bytes[message.request.target].contains(0)
    }

    /// Rules that are not compared: we refuse bodies that it repairs, it reads part headers with their line ends, and the
    /// sum of scores differs with these and with what it finds in REQUEST_BODY of XML.
    static func rules(_ message: RegressionMessage) -> Set<Int> {
        let type = contentType(message)
        var rules: Set<Int> = [200_002, 200_003, 200_004]
        if type.contains("multipart") { rules.formUnion([922_110, 949_110, 980_130]) }
        if type.contains("xml") { rules.formUnion([949_110, 980_130]) }
        return rules
    }

    /// What it logs but for REQUEST_BODY of XML, and without lines that have no message: it writes one for the first rule of a
    /// chain whether or not the others match.
    static func required(_ lines: [String], _ message: RegressionMessage) -> [String] {
        let isXML = contentType(message).contains("xml")
        return lines.filter { line in
            !line.contains("[msg \"\"]")
                && !(isXML && (line.contains("`REQUEST_BODY'") || line.contains(":REQUEST_BODY'")))
        }
    }

    private static func contentType(_ message: RegressionMessage) -> String {
        message.fields.filter { String(decoding: $0.name, as: UTF8.self).lowercased() == "content-type" }
            .map { String(decoding: $0.value, as: UTF8.self).lowercased() }.joined(separator: ",")
    }
}

/// A request disturbed in its target, a header or its body, and still a request.
enum MutatedRequest {
    private static let fragments =
        InjectionCorpus.fragments + [
            "../", "..\\", "/etc/passwd", "%00", "%2e%2e", "%u0027", "${jndi:ldap://x}", "{{7*7}}", ";cat /etc/passwd|",
            "$(id)", "`id`",
            "<?php ", "phpinfo()", "eval(", "system(", "_GET[", "http://169.254.169.254/", "file://", "Set-Cookie: a=b",
            "\r\nX: y",
            "base64_decode", "onerror=alert(1)", "document.cookie", "xp_cmdshell", "/.git/config", "nc -e /bin/sh", "é",
            "\u{1}",
        ]

    static func make(_ request: [UInt8], _ random: inout Seeded) -> [UInt8] {
        let parsed = RawRequest(request)
        var places: [Int] = [parsed.target.upperBound]
        places += parsed.fields.filter { !isFraming(Array(request[$0.name])) }.map(\.value.upperBound)
        let bodyStart = request.count - parsed.body.count
        if !parsed.body.isEmpty {
            places += [bodyStart, bodyStart + random.below(parsed.body.count + 1), request.count]
        }
        let place = places[random.below(places.count)]
        var inserted = Array(fragments[random.below(fragments.count)].utf8)
        if place < bodyStart || parsed.body.isEmpty {
            inserted = (random.below(2) == 0 ? Array("?a=".utf8) : Array("&b=".utf8)) + inserted
            inserted = inserted.filter { $0 > 0x20 && $0 != 0x7f || place != parsed.target.upperBound && $0 == 0x20 }
        }
        var result = request
        result.insert(contentsOf: inserted, at: place)
        guard !parsed.body.isEmpty, place >= bodyStart else { return result }
        return withLength(parsed.body.count + inserted.count, result)
    }

    private static func isFraming(_ name: [UInt8]) -> Bool {
        ["content-length", "transfer-encoding", "content-type", "host"].contains(
            String(decoding: name, as: UTF8.self).lowercased())
    }

    private static func withLength(_ length: Int, _ request: [UInt8]) -> [UInt8] {
        let parsed = RawRequest(request)
        guard let field = parsed.fields.first(where: { isLength(Array(request[$0.name])) }) else { return request }
        var result = request
        result.replaceSubrange(field.value, with: String(length).utf8)
        return result
    }

    private static func isLength(_ name: [UInt8]) -> Bool {
        String(decoding: name, as: UTF8.self).lowercased() == "content-length"
    }
}
