import Testing

@testable import GateSettings

/// Parses `text` and gives the root and the diagnostics' lines.
private func parse(_ text: String, limits: YAMLDocument.Limits = .init()) -> (root: YAMLNode?, lines: [String]) {
    var diagnostics = Diagnostics()
    let file = diagnostics.addFile("gateway.yaml")
    let root = YAMLDocument.parse(Array(text.utf8), file: file, limits: limits, diagnostics: &diagnostics)
    return (root, diagnostics.sorted.map(\.line))
}

@Suite struct YAMLDocumentTests {
    @Test func aMappingKeepsOrderAndPlaces() throws {
        let (root, lines) = parse("b: 1\na:\n  - x\n  - 'off'\n")
        #expect(lines.isEmpty)
        guard case .mapping(let entries)? = root?.content else { return #expect(Bool(false), "no mapping") }
        #expect(entries.map(\.key) == ["b", "a"])
        #expect(entries[0].value.position == SourcePosition(file: 0, line: 1, column: 4))
        guard case .sequence(let items) = entries[1].value.content else { return #expect(Bool(false), "no list") }
        #expect(items[1].position == SourcePosition(file: 0, line: 4, column: 5))
        guard case .scalar("off", isPlain: false) = items[1].content else { return #expect(Bool(false), "no text") }
    }

    @Test func whatWeRefuseIsAllReportedAtOnce() {
        let (_, lines) = parse("a: &x 1\nb: *x\nc: !!str 2\na: 3\n? [k]\n: v\n")
        #expect(
            lines == [
                "gateway.yaml:1:4: error: anchors are not used here (remove the &name)",
                "gateway.yaml:2:4: error: aliases are not used here (write the value out)",
                "gateway.yaml:3:4: error: tags are not used here (remove the !tag; types follow from the key)",
                "gateway.yaml:4:1: error: key 'a' stands twice, first at gateway.yaml:1:1 (remove one of them)",
                "gateway.yaml:5:3: error: a key must be text, not a list",
            ])
    }

    @Test func aSecondDocumentIsRefused() {
        let (root, lines) = parse("a: 1\n---\nb: 2\n")
        #expect(root == nil)
        #expect(
            lines == [
                "gateway.yaml:2:1: error: a second document starts here (one file holds one document; remove the ---)"
            ])
    }

    @Test func aDirectiveIsRefused() {
        #expect(
            parse("%YAML 1.1\n---\na: 1\n").lines == [
                "gateway.yaml:1:1: error: YAML directives are not used here (remove the line that starts with %)"
            ])
    }

    @Test func aSyntaxErrorHasItsPlace() {
        let (root, lines) = parse("a: 1\nb: [1, 2\nc: 3\n")
        #expect(root == nil)
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("gateway.yaml:3:2: error: not valid YAML: ") == true, "\(lines)")
    }

    @Test func bytesThatAreNotUTF8HaveTheirPlace() {
        var diagnostics = Diagnostics()
        let file = diagnostics.addFile("gateway.yaml")
        let root = YAMLDocument.parse(Array("a: 1\nb: é".utf8) + [0xFF], file: file, diagnostics: &diagnostics)
        #expect(root == nil)
        #expect(
            diagnostics.sorted.map(\.line) == [
                "gateway.yaml:2:5: error: not valid YAML text: invalid leading UTF-8 octet (write the file as UTF-8)"
            ])
    }

    @Test(arguments: [31, 32, 33]) func depthIsBounded(depth: Int) {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let (root, lines) = parse(text)
        #expect((root != nil) == (depth <= 32))
        #expect(lines.isEmpty == (depth <= 32))
    }

    @Test(arguments: [9, 10, 11]) func bytesAreBounded(count: Int) {
        var limits = YAMLDocument.Limits()
        limits.bytes = 10
        let (root, lines) = parse(String(repeating: "a", count: count), limits: limits)
        #expect((root != nil) == (count <= 10))
        #expect(lines.isEmpty == (count <= 10))
    }

    @Test(arguments: [9, 10, 11]) func nodesAreBounded(count: Int) {
        var limits = YAMLDocument.Limits()
        limits.nodes = 10
        let text = "[" + Array(repeating: "a", count: count - 1).joined(separator: ",") + "]"
        #expect((parse(text, limits: limits).root != nil) == (count <= 10))
    }

    @Test func anEmptyFileHasNoRoot() {
        let (root, lines) = parse("# nothing\n")
        #expect(root == nil)
        #expect(lines.isEmpty)
    }
}
