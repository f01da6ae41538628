import GateWAF
import Testing

@Suite struct JSONBodyTests {
    @Test func scalarsAreNamedByTheirPaths() {
        let read = BodyFixture.json(
            #"{"a":{"b":[1,{"c":2},[3,[4]]]},"":5,"x":null,"y":true,"e":{},"f":[],"z":false,"n":-1.5e3}"#)
        #expect(read.problem == nil)
        // The names are those of libmodsecurity 3.0.9 for the same body.
        #expect(
            read.table.pairs(.args) == [
                "json.a.b.array_0=1", "json.a.b.array_1.c=2", "json.a.b.array_2.array_0=3",
                "json.a.b.array_2.array_1.array_0=4", "json.empty-key=5", "json.x=", "json.y=true", "json.z=false",
                "json.n=-1.5e3",
            ])
        #expect(read.table.values(.argsNames).first == "json.a.b.array_0")
        #expect(read.table.pairs(.argsPost).isEmpty)
        #expect(read.table.value(.reqbodyProcessor) == "JSON")
    }

    @Test func arraysCountTheirElementsWhateverTheyAre() {
        let read = BodyFixture.json(#"[[],{},"a",{"":{"k":[{}, 1]}}, 7]"#)
        #expect(
            read.table.pairs(.args) == ["json.array_2=a", "json.array_3.empty-key.k.array_1=1", "json.array_4=7"])
    }

    @Test(arguments: [("5", "5"), (" \"a\" ", "a"), ("null\n", ""), ("true", "true")])
    func aScalarAloneIsNamedJSON(text: String, value: String) {
        #expect(BodyFixture.json(text).table.pairs(.args) == ["json=" + value])
    }

    @Test(arguments: [
        (#""a\u0041\n\"\\\/\b\f\r\t""#, "aA\n\"\\/\u{8}\u{C}\r\t"),
        (#""\u00e9\u20ac\ud83d\ude00""#, "é€😀"),
        (#""\u0000""#, "\0"),
        ("\"é€😀\"", "é€😀"),
        ("\"\u{7F}\"", "\u{7F}"),
    ])
    func stringsAreDecoded(text: String, value: String) {
        let read = BodyFixture.json(text)
        #expect(read.problem == nil)
        #expect(read.table.values(.args) == [value])
    }

    @Test func keysAreDecoded() {
        #expect(BodyFixture.json(#"{"\u0061\"":1}"#).table.pairs(.args) == [#"json.a"=1"#])
    }

    @Test(arguments: [
        "{", "[", "\"", "\"a", "[1", "[1,", #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a":1,"#, "tru", #""\u00"#, #""\"#, " ",
    ])
    func whatEndsEarlyIsAProblem(text: String) {
        #expect(BodyFixture.json(text).problem == .jsonTruncated)
    }

    @Test(arguments: [
        "x", "{1:2}", "[,]", "[1,]", "{,}", #"{"a":1,}"#, #"{"a" 1}"#, #"{"a":}"#, "[1 2]", "]", "[1}", #"{"a":1]"#,
        "True", "nulL", "'a'", "+1", ".5", "NaN", "/**/1", "\u{FEFF}1", "{\"a\":1;\"b\":2}",
    ])
    func whatIsNoJSONIsAProblem(text: String) {
        #expect(BodyFixture.json(text).problem == .jsonSyntax)
    }

    @Test(arguments: ["-", "01", "1.", "1.e1", "1e", "1e+", "-.1", "00"])
    func numbersAreStrict(text: String) {
        #expect(BodyFixture.json("[\(text)]").problem == .jsonNumber)
    }

    @Test(arguments: ["0", "-0", "10", "1.50", "1e9", "1E+09", "-1.2e-3"])
    func numbersKeepTheirText(text: String) {
        #expect(BodyFixture.json("[\(text)]").table.values(.args) == [text])
    }

    @Test(arguments: ["1 2", "{}{}", "[]]", "null,"])
    func dataBehindTheValueIsAProblem(text: String) {
        #expect(BodyFixture.json(text).problem == .jsonTrailingData)
    }

    @Test(arguments: [
        "\"\n\"", "\"\u{0}\"", "\"\u{1F}\"", #""\x41""#, #""\u00g0""#, #""\ud800""#, #""\ud800a""#, #""\ud800\n""#,
        #""\ud800\u0041""#, #""\udc00""#,
    ])
    func controlsAndBadEscapesInStringsAreAProblem(text: String) {
        #expect(BodyFixture.json(text).problem == .jsonString)
    }

    @Test(
        arguments: [
            [0x80], [0xC1, 0x81], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
            [0xE2, 0x82], [0xE2, 0x82, 0x22],
        ] as [[UInt8]])
    func invalidUTF8IsAProblem(sequence: [UInt8]) {
        let body = [0x22] + sequence + [0x22]
        #expect(BodyFixture(body, type: "application/json", as: .json).problem == .jsonUTF8)
        let key = bytes("{\"") + sequence + bytes("\":1}")
        #expect(BodyFixture(key, type: "application/json", as: .json).problem == .jsonUTF8)
    }

    @Test(arguments: [
        (#"{"a":1,"b":2,"a":3}"#, true),
        (#"{"a":1,"\u0061":3}"#, true),
        (#"[{"b":{"a":{},"a":[]}}]"#, true),
        (#"{"":1,"":2}"#, true),
        (#"{"a":{"a":1},"b":{"a":1}}"#, false),
        (#"[{"a":1},{"a":1}]"#, false),
        (#"{"a":1,"A":2}"#, false),
    ])
    func duplicateKeysAreAProblem(text: String, isProblem: Bool) {
        // attacks 59: the rules and the backend may take different ones.
        #expect(BodyFixture.json(text).problem == (isProblem ? .jsonDuplicateKey : nil))
    }

    @Test func duplicateKeysAreFoundAmongMany() {
        let keys = (0..<500).map { "\"k\($0)\":1" }
        #expect(BodyFixture.json("{\(keys.joined(separator: ","))}").problem == nil)
        #expect(BodyFixture.json("{\(keys.joined(separator: ",")),\"k250\":1}").problem == .jsonDuplicateKey)
    }

    @Test(arguments: [(63, BodyProblem?.none), (64, nil), (65, .jsonDepth), (100_000, .jsonDepth)])
    func depthIsBounded(depth: Int, problem: BodyProblem?) {
        // attacks 59: depth 10^5, in time and without recursion.
        let open = String(repeating: "[", count: depth)
        let close = String(repeating: "]", count: depth)
        #expect(BodyFixture.json(open + "1" + close).problem == problem)
        let objects = String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        #expect(BodyFixture.json(objects).problem == problem)
    }

    @Test func aLongKeyOverManyElementsIsBounded() {
        let key = String(repeating: "k", count: 4000)
        let few = Array(repeating: "1", count: 16).joined(separator: ",")
        #expect(BodyFixture.json("{\"\(key)\":[\(few)]}").problem == nil)
        let many = Array(repeating: "1", count: 900).joined(separator: ",")
        let read = BodyFixture.json("{\"\(key)\":[\(many)]}")
        #expect(read.problem == .namesTooLong)
        #expect(read.table.bytes.count < 100_000)
    }

    @Test func aBodyIsHeldOnceWhereNothingIsEscaped() {
        let text = "{\"a\":\"" + String(repeating: "x", count: 10_000) + "\"}"
        #expect(BodyFixture.json(text).table.bytes.count < 10_200)
    }
}
