import GateIdentity
import Testing

@Suite struct JSONReaderTests {
    private func problem(_ text: String) -> JSONError.Problem? { problem([UInt8](text.utf8)) }

    private func problem(_ bytes: [UInt8]) -> JSONError.Problem? {
        do throws(JSONError) {
            _ = try JSONReader.read(bytes.span)
            return nil
        } catch {
            return error.problem
        }
    }

    @Test func aDocumentOfEveryKindOfValueIsRead() throws {
        let value = try json(#" {"a": [1, -2.5e+3, true, false, null], "b": {"c": ""} } "#)
        #expect(value["a"]?.array?.count == 5)
        #expect(value["a"]?.array?[1] == .number([UInt8]("-2.5e+3".utf8)))
        #expect(value["b"]?["c"]?.string == [])
        #expect(value["missing"] == nil)
    }

    @Test func escapesBecomeTheirBytes() throws {
        let value = try json(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\uD83D\uDE00""#)
        #expect(value.string == [0x22, 0x5C, 0x2F, 8, 12, 10, 13, 9] + [UInt8]("Aé€😀".utf8))
    }

    @Test(arguments: [
        "", " ", "{", "[", "{]", "[}", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{'a':1}", "[1 2]", "1 2", "01",
        "+1", "1.", ".5", "1e", "1e+", "-", "--1", "0x10", "1_0", "NaN", "Infinity", "tru", "True", "nul", "\"",
        "\"\\\"",
        "\"\\x41\"", "\"\\u12\"", "\"\\u12G4\"", "\"\t\"", "\"\u{0}\"", "[1]x", "// c\n1", "[1]//", "\u{FEFF}1",
        "{\"a\":1;\"b\":2}", "\u{A0}1", "\u{B}1",
    ])
    func anythingButTheGrammarIsRefused(text: String) {
        #expect(problem(text) != nil)
    }

    // attacks 48: an escape must not hide a second member of the same name.
    @Test(arguments: [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"a":1,"b":2,"a":3}}"#, #"{"":1,"":2}"#])
    func aDuplicateNameIsRefused(text: String) {
        #expect(problem(text) == .duplicateName)
    }

    @Test func namesThatOnlyUnicodeCallsEqualAreTwoNames() throws {
        let value = try json("{\"\\u00e9\":1,\"e\\u0301\":2}")
        #expect(value["\u{E9}"] == .number([0x31]))
    }

    @Test(
        arguments: [
            [0x22, 0x80, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xC2, 0x22], [0x22, 0xE0, 0x80, 0x80, 0x22],
            [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xF0, 0x9F, 0x98],
            [0x22, 0xFF, 0x22],
        ] as [[UInt8]])
    func invalidUTF8IsRefused(bytes: [UInt8]) {
        #expect(problem(bytes) == .encoding)
    }

    @Test(arguments: [#""\uD83D""#, #""\uDE00""#, #""\uD83Dx""#, #""\uD83D\n""#, #""\uD83D\uD83D""#])
    func aLoneSurrogateIsRefused(text: String) {
        #expect(problem(text) == .encoding)
    }

    @Test func nestingIsBounded() {
        // LIMIT: 16 levels pass, 17 do not.
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(problem(nested(15)) == nil)
        #expect(problem(nested(JSONReader.maxDepth)) == nil)
        #expect(problem(nested(JSONReader.maxDepth + 1)) == .depth)
        #expect(problem(String(repeating: "[", count: 100_000)) == .depth)
    }

    @Test func membersAndValuesAreBounded() {
        func members(_ count: Int) -> String {
            "{" + (0..<count).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        }
        #expect(problem(members(JSONReader.maxMembers)) == nil)
        #expect(problem(members(JSONReader.maxMembers + 1)) == .size)
        func values(_ count: Int) -> String {
            "[" + Array(repeating: "0", count: count - 1).joined(separator: ",") + "]"
        }
        #expect(problem(values(JSONReader.maxValues)) == nil)
        #expect(problem(values(JSONReader.maxValues + 1)) == .size)
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        let value = try json(#"{"a":["\u0000\u001f\u007f\"\\/é😀",1.5e3,null,true,{}],"b":[]}"#)
        #expect(try JSONReader.read(value.text.span) == value)
    }

    @Test func cuttingADocumentAnywhereIsRefused() throws {
        let bytes = [UInt8](#"{"a":["\u00e9€",-1.5e3,null,true,{}],"b":""}"#.utf8)
        for length in 0..<bytes.count { #expect(problem(Array(bytes.prefix(length))) != nil) }
        #expect(problem(bytes) == nil)
    }
}
