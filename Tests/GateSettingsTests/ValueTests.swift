import Foundation
import GatePrimitives
import Testing

@testable import GateSettings

/// What `shape` reads from `text`, or the problems.
private func decode<Value>(_ shape: Shape<Value>, _ text: String) -> (value: Value?, lines: [String]) {
    var decoding = Decoding(diagnostics: Diagnostics())
    let node = YAMLNode(content: .scalar(text, isPlain: true), position: .init(file: 0, line: 1, column: 1))
    let value = shape.decode(node, &decoding)
    return (value, decoding.diagnostics.sorted.map(\.problem))
}

@Suite struct ValueTests {
    @Test(arguments: [
        ("250ms", 250), ("5s", 5_000), ("1m", 60_000), ("2h", 7_200_000), ("1d", 86_400_000), ("007s", 7_000),
    ]) func aDurationIsANumberAndAUnit(text: String, milliseconds: Int64) {
        #expect(decode(.duration(), text).value == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "5", "s", "1.5s", "-1s", "+1s", " 1s", "1s ", "1h30m", "1M", "1000000000000000000s", "١s", "1 s", "0x1s",
    ])
    func whatIsNoDurationIsRefused(text: String) {
        let (value, lines) = decode(.duration(), text)
        #expect(value == nil)
        #expect(lines.count == 1)
    }

    @Test(arguments: [(99, false), (100, true), (200, true), (201, false)])
    func aDurationLiesInItsRange(milliseconds: Int, passes: Bool) {
        let shape = Shape<TimeSpan>.duration(.milliseconds(100) ... .milliseconds(200))
        #expect((decode(shape, "\(milliseconds)ms").value != nil) == passes)
    }

    @Test func aDurationThatOverflowsIsOutOfRange() {
        #expect(decode(.duration(), "999999999999999999d").lines.first?.contains("out of range") == true)
    }

    @Test(arguments: [("0", 0), ("17", 17), ("64KiB", 65_536), ("10MiB", 10_485_760), ("1GiB", 1_073_741_824)])
    func aSizeIsBytesOrHasABinaryUnit(text: String, bytes: Int) {
        #expect(decode(.size(ByteCount(0)...(.gibibytes(1))), text).value?.bytes == bytes)
        #expect(decode(.size(ByteCount(0)...(.gibibytes(1))), text).value?.description == text)
    }

    @Test(arguments: ["10MB", "10k", "10 MiB", "ten", "-1", "1.5GiB", "999999999999999999GiB"])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(decode(.size(ByteCount(0)...(.gibibytes(1))), text).value == nil)
    }

    @Test(arguments: ["10/s", "600/min", "100/h"]) func aRateIsWrittenBackAsRead(text: String) {
        #expect(decode(.rate, text).value?.description == text)
    }

    @Test(arguments: ["10", "0/s", "10/m", "10/", "/s", "10s", "10 /s", "1.5/s", "10/day"])
    func whatIsNoRateIsRefused(text: String) {
        #expect(decode(.rate, text).value == nil)
    }

    @Test(arguments: ["yes", "no", "on", "off", "True", "FALSE", "1", "0", "y", ""])
    func aFlagIsTrueOrFalseAndNothingElse(text: String) {
        #expect(decode(.flag, text).value == nil)
    }

    @Test func offAndSexagesimalsAreTextWhereTextIsExpected() {
        #expect(decode(.text(), "off").value == "off")
        #expect(decode(.text(), "no").value == "no")
        #expect(decode(.text(), "1:30").value == "1:30")
        #expect(decode(.text(), "~").value == "~")
        #expect(decode(.text(), "null").value == "null")
    }

    @Test(arguments: [(63, true), (64, true), (65, false)]) func aNameHasAtMost64Bytes(count: Int, passes: Bool) {
        #expect((decode(.name(), String(repeating: "a", count: count)).value != nil) == passes)
    }

    @Test(arguments: ["-a", ".a", "a b", "a/b", "ä", "a\"", "a\n"]) func aNameIsSafeInLogsAndMetrics(text: String) {
        #expect(decode(.name(), text).value == nil)
    }

    @Test func aSecretWrittenOutIsNotRepeated() {
        let (value, lines) = decode(.secret, "correct horse battery staple")
        #expect(value == nil)
        #expect(lines.count == 1)
        #expect(!lines.joined().contains("horse"))
    }

    @Test(arguments: ["file:", "env:", "env:A B", "env:A=B", "FILE:x"]) func aSecretReferenceIsWhole(text: String) {
        #expect(decode(.secret, text).value == nil)
    }

    @Test func aPathIsRelativeToItsOwnFile() {
        #expect(FilePath.resolve("a.pem", directory: "", root: "").path == "a.pem")
        #expect(FilePath.resolve("a.pem", directory: "", root: "/etc/gate").path == "/etc/gate/a.pem")
        #expect(FilePath.resolve("a.pem", directory: "routes.d", root: "/etc/gate").path == "/etc/gate/routes.d/a.pem")
        #expect(FilePath.resolve("a.pem", directory: "routes.d", root: "/etc/gate").written == "routes.d/a.pem")
        #expect(FilePath.resolve("/a.pem", directory: "routes.d", root: "/etc/gate").path == "/a.pem")
        #expect(FilePath.resolve("a.pem", directory: "", root: "/").path == "/a.pem")
        #expect(FilePath.directory(of: "/gateway.yaml") == "/")
        #expect(FilePath.directory(of: "gateway.yaml") == "")
    }
}

@Suite struct SuggestionTests {
    let known = ["address", "tls", "timeouts", "limits", "certificates"]

    @Test(arguments: [
        ("adress", "address"), ("addresses", "address"), ("ADDRESS", "address"), ("tsl", "tls"),
        ("timeout", "timeouts"), ("limist", "limits"), ("certifcate", "certificates"),
    ]) func aMisspeltWordFindsItsNeighbour(word: String, meant: String) {
        #expect(Suggestion.nearest(to: word, among: known) == meant)
    }

    @Test(arguments: ["", "x", "colour", "zzz", String(repeating: "address", count: 20)])
    func aWordOfItsOwnFindsNone(word: String) {
        #expect(Suggestion.nearest(to: word, among: known) == nil)
    }
}

@Suite struct GlobTests {
    @Test(arguments: [
        ("a.yaml", "*.yaml", true), ("a.yaml.bak", "*.yaml", false), (".a.yaml", "*.yaml", false),
        (".a.yaml", ".*.yaml", true), ("", "*", true), ("abc", "a?c", true), ("ac", "a?c", false),
        ("aXbXc", "a*b*c", true), ("aXbXcX", "a*b*c", false), ("abc", "abc", true), ("abcd", "abc", false),
        ("ab", "abc", false), ("abc", "***", true),
    ]) func starsAndQuestionMarksStandForCharacters(name: String, pattern: String, matches: Bool) {
        #expect(Glob.matches(Array(name.utf8), pattern: Array(pattern.utf8)) == matches)
    }
}

@Suite struct CanonicalTests {
    @Test func textThatCouldBeMisreadIsQuoted() {
        let tricky = [
            "", "a b", "a: b", "-", "- a", "#a", "a#b", "\"", "\\", "\u{1}", "\u{85}", "ä", ":", "a:", "*", "{}", "[]",
        ]
        var seen: Set<String> = []
        for text in tricky + ["a", "a/b", "1:30", "10.0.0.0/8"] {
            let line = Rendered.map([.init(key: "k", value: .text(text), isDefault: false)]).text()
            #expect(seen.insert(line).inserted, "\(text)")
            var diagnostics = Diagnostics()
            let root = YAMLDocument.parse(Array(line.utf8), file: 0, diagnostics: &diagnostics)
            guard case .mapping(let entries)? = root?.content, case .scalar(let read, _)? = entries.first?.value.content
            else {
                Issue.record("\(line) is not read back: \(diagnostics.sorted)")
                continue
            }
            #expect(read == text)
        }
    }

    @Test func theCanonicalFormIsAConfigurationThatMeansTheSame() throws {
        let golden = try Golden(
            String(contentsOf: GoldenTests.directory.appending(path: "minimal.golden"), encoding: .utf8))
        let first = try #require(ConfigurationLoader.load("gateway.yaml", from: golden.files).settings)
        var files = golden.files
        files.files["gateway.yaml"] = .init("# another spelling\n" + first.rendered.text())
        let second = ConfigurationLoader.load("gateway.yaml", from: files)
        #expect(second.diagnostics.isEmpty, "\(second.diagnostics.map(\.line))")
        #expect(second.settings?.rendered == first.rendered)
    }
}

@Suite struct DiagnosticsTests {
    @Test func problemsAreInTheOrderOfTheirPlaces() {
        var diagnostics = Diagnostics()
        let main = diagnostics.addFile("a.yaml")
        let other = diagnostics.addFile("b.yaml")
        diagnostics.error(at: .init(file: other, line: 1, column: 1), "fourth")
        diagnostics.warning(at: .init(file: main, line: 2, column: 10), "third", instead: "look")
        diagnostics.error(at: .init(file: main, line: 2, column: 9), "second")
        diagnostics.error(at: .init(file: main, line: 0, column: 0), "first")
        #expect(
            diagnostics.sorted.map(\.line) == [
                "a.yaml: error: first", "a.yaml:2:9: error: second", "a.yaml:2:10: warning: third (look)",
                "b.yaml:1:1: error: fourth",
            ])
        #expect(diagnostics.errorCount == 3)
    }

    @Test func theListIsBounded() {
        var diagnostics = Diagnostics()
        _ = diagnostics.addFile("a.yaml")
        for line in 0..<Diagnostics.limit + 5 { diagnostics.error(at: .init(file: 0, line: line + 1, column: 1), "x") }
        #expect(diagnostics.sorted.count == Diagnostics.limit + 1)
        #expect(diagnostics.sorted.last?.line == "a.yaml: error: 5 more problems are not listed")
    }

    @Test func whatAClientOfTheFileWroteIsEscaped() {
        #expect("a\u{1B}[31m\n\u{9B}".abbreviated == "a\\u{1b}[31m\\u{a}\\u{9b}")
        #expect(String(repeating: "a", count: 61).abbreviated.hasSuffix("a…"))
    }
}
