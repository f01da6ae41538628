import GateWAF
import Testing

@Suite struct MultipartBodyTests {
    /// A part with a head and a value.
    private static func part(_ head: String, _ value: String = "v") -> String {
        "--B\r\n\(head)\r\n\r\n\(value)\r\n"
    }

    private static func field(_ name: String, _ value: String = "v") -> String {
        part("Content-Disposition: form-data; name=\"\(name)\"", value)
    }

    private static let end = "--B--\r\n"

    @Test func fieldsAndFiles() {
        let read = BodyFixture.multipart(
            MultipartBodyTests.field("a", "1") + MultipartBodyTests.field("a", "x\r\ny\r\n")
                + MultipartBodyTests.part(
                    "Content-Disposition: form-data; name=\"f\"; filename=\"e.php\"\r\nContent-Type: image/png", "<?php"
                )
                + MultipartBodyTests.part("Content-Disposition: form-data; name=g; filename=\"\"")
                + MultipartBodyTests.end)
        #expect(read.problem == nil)
        // Line breaks within a value stay; libmodsecurity 3.0.9 loses them.
        #expect(read.table.pairs(.argsPost) == ["a=1", "a=x\r\ny\r\n", "g=v"])
        #expect(read.table.pairs(.args) == read.table.pairs(.argsPost))
        #expect(read.table.pairs(.files) == ["f=e.php"])
        #expect(read.table.pairs(.filesNames) == ["f=f"])
        #expect(read.table.pairs(.filesSizes) == ["f=5"])
        #expect(read.table.value(.filesCombinedSize) == "5")
        #expect(read.table.pairs(.multipartPartHeaders).contains("f=Content-Type: image/png"))
        #expect(read.table.pairs(.multipartPartHeaders).count == 5)
        #expect(read.table.value(.multipartStrictError) == "0")
        #expect(read.table.value(.multipartUnmatchedBoundary) == "2")
        #expect(read.table.value(.reqbodyProcessor) == "MULTIPART")
    }

    @Test(arguments: [
        "multipart/form-data; boundary=B", "multipart/form-data;boundary=B", "MULTIPART/Form-Data; boundary=B",
        "multipart/form-data; boundary=B;charset=utf-8",
    ])
    func boundariesThatEverybodyReads(type: String) {
        let read = BodyFixture.multipart(MultipartBodyTests.field("a") + MultipartBodyTests.end, type: type)
        #expect(read.problem == nil)
        #expect(read.table.pairs(.argsPost) == ["a=v"])
        #expect(read.table.value(.multipartStrictError) == "0")
    }

    @Test(arguments: [
        "multipart/form-data; boundary=\"B\"", "multipart/form-data boundary=B", "multipart/form-data; boundary =B",
    ])
    func unusualBoundariesAreAStrictError(type: String) {
        let read = BodyFixture.multipart(MultipartBodyTests.field("a") + MultipartBodyTests.end, type: type)
        #expect(read.problem == nil)
        #expect(read.table.pairs(.argsPost) == ["a=v"])
        #expect(read.table.value(.multipartStrictError) == "1")
    }

    @Test(arguments: [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"B", "multipart/form-data; boundary=B\"", "multipart/form-data; Boundary=B",
        "multipart/form-data; boundary=B; boundary=C", "multipart/form-data; boundary=B; BOUNDARY=C",
        "multipart/form-data; charset=utf-8; boundary=B", "multipart/form-data;; boundary=B",
        "multipart/form-data; boundaryx=B", "multipart/form-data; boundary*=B", "multipart/form-data; boundary=B<",
        "multipart/form-data; boundary=B ;", "multipart/form-data; boundary=é",
        "multipart/form-data; boundary=B; xboundary=C",
    ])
    func boundariesThatOthersReadDifferentlyAreAProblem(type: String) {
        // attacks 58
        let read = BodyFixture.multipart(MultipartBodyTests.field("a") + MultipartBodyTests.end, type: type)
        #expect(read.problem == .multipartBoundary)
        #expect(read.table.value(.multipartStrictError) == "1")
    }

    @Test func aBoundaryMayBeTheWordItself() {
        let text = "--boundary\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--boundary--\r\n"
        #expect(BodyFixture.multipart(text, type: "multipart/form-data; boundary=boundary").problem == nil)
    }

    @Test(arguments: [(69, BodyProblem?.none), (70, nil), (71, .multipartBoundary)])
    func aBoundaryHasAtMost70Bytes(count: Int, problem: BodyProblem?) {
        let boundary = String(repeating: "b", count: count)
        let text = "--\(boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n--\(boundary)--\r\n"
        #expect(BodyFixture.multipart(text, type: "multipart/form-data; boundary=" + boundary).problem == problem)
    }

    @Test(arguments: [
        ("", BodyProblem?.none), ("--B--\r\n", nil), ("x", .multipartNoBoundary), ("--C\r\n", .multipartNoBoundary),
        ("--B--", .multipartNoBoundary), ("--B", .multipartFinalBoundary), ("--B\r\n", .multipartFinalBoundary),
        ("--B \r\n", .multipartInvalidBoundary), ("--Bx\r\n", .multipartInvalidBoundary),
        ("-- B\r\n", .multipartInvalidBoundary), ("--\"B\"\r\n", .multipartInvalidBoundary),
        ("--B-\r\n", .multipartInvalidBoundary), ("--B--x\r\n", .multipartInvalidBoundary),
        ("--B\r\n--B--\r\n", .multipartPart),
    ])
    func boundariesInTheBodyAreExact(text: String, problem: BodyProblem?) {
        // attacks 58
        #expect(BodyFixture.multipart(text).problem == problem)
    }

    @Test func theFinalBoundaryMustBeThere() {
        let text = MultipartBodyTests.field("a")
        #expect(BodyFixture.multipart(text).problem == .multipartFinalBoundary)
        #expect(BodyFixture.multipart(text + "--B--").problem == nil)
        #expect(BodyFixture.multipart(text + "--B-").problem == .multipartInvalidBoundary)
        // What was read is there for the rules: the part that no boundary ends is not.
        #expect(BodyFixture.multipart(text + text).table.pairs(.argsPost) == ["a=v"])
    }

    @Test(arguments: [
        "preamble\r\n" + field("a") + end,
        field("a") + end + "epilogue",
        field("a").replacing("\r\n", with: "\n") + end,
        field("a") + "--B--\n",
        "--B\r\nContent-Disposition: form-data; name='a'\r\n\r\nv\r\n--B--\r\n",
        "--B\r\nContent-Disposition: form-data; name=o'x\r\n\r\nv\r\n--B--\r\n",
    ])
    func whatIsUnusualIsAStrictError(text: String) {
        // attacks 58: line feeds alone, data around the parts, single quotes
        let read = BodyFixture.multipart(text)
        #expect(read.problem == nil)
        #expect(read.table.value(.multipartStrictError) == "1")
        #expect(read.table.values(.argsPost) == ["v"])
    }

    @Test(arguments: [
        (field("a", "--C") + end, "2"), (field("a", "x--B") + "--B--", "1"), (field("a", "--C") + "--B--", "1"),
        (field("a", "--") + "--B--", "1"), (field("a") + "--B--", "0"), (field("a") + end, "2"),
    ])
    func whatLooksLikeABoundaryIsMarkedAsModSecurityMarksIt(text: String, mark: String) {
        #expect(BodyFixture.multipart(text).table.value(.multipartUnmatchedBoundary) == mark)
    }

    @Test(arguments: [
        "X: y", "Content-Disposition: form-data", "Content-Disposition: attachment; name=a",
        "Content-Disposition: Form-Data; name=a", "Content-Disposition: form-data; name=",
        "Content-Disposition: form-data; name=\"\"", "Content-Disposition: form-data; name=\"a",
        "Content-Disposition: form-data; name=\"a\"x", "Content-Disposition: form-data; name=a; name=b",
        "Content-Disposition: form-data; name=a; filename=b; filename=c", "Content-Disposition: form-data; Name=a",
        "Content-Disposition: form-data; name=a; filename*=UTF-8''e.php",
        "Content-Disposition: form-data; name=a; filename=b; filename*=UTF-8''e.php",
        "Content-Disposition: form-data; name=a;", "Content-Disposition: form-data name=a",
        "Content-Disposition: form-data; name=\"a\\", "Content-Disposition: form-data; x=y; name=a",
    ])
    func dispositionsThatOthersReadDifferentlyAreAProblem(head: String) {
        // attacks 58: duplicate and extended names
        let read = BodyFixture.multipart(MultipartBodyTests.part(head) + MultipartBodyTests.end)
        #expect(read.problem == .multipartDisposition)
    }

    @Test(arguments: [
        ("name=\"a\\\"b\"", "a\"b"), ("name=\"a\\\\b\"", "a\\b"), ("name=\"a\\b\"", "a\\b"),
        ("name=\"a;b=c\"", "a;b=c"),
        ("name = a", "a"), ("name=\"é\"", "é"), ("name=\"a b\"", "a b"),
    ])
    func namesAreUnquoted(parameter: String, name: String) {
        let read = BodyFixture.multipart(
            MultipartBodyTests.part("Content-Disposition: form-data; " + parameter) + MultipartBodyTests.end)
        #expect(read.table.pairs(.argsPost) == [name + "=v"])
    }

    @Test(arguments: [
        "no colon", ": empty name", "X\u{1}: y", "X : y", "É: y", "X: a\rb", "X: a\u{0}b",
        "Content-disposition: form-data; name=b", "x-a: 1\r\nX-A: 2",
    ])
    func headersOfPartsAreStrict(line: String) {
        let head = "Content-Disposition: form-data; name=a\r\n" + line
        let read = BodyFixture.multipart(MultipartBodyTests.part(head) + MultipartBodyTests.end)
        #expect(read.problem == .multipartPartHeader)
    }

    @Test func foldedHeadersAreAProblem() {
        let head = "Content-Disposition: form-data;\r\n name=a"
        let read = BodyFixture.multipart(MultipartBodyTests.part(head) + MultipartBodyTests.end)
        #expect(read.problem == .multipartFolding)
        #expect(read.table.value(.multipartStrictError) == "1")
    }

    @Test(arguments: [(4095, BodyProblem?.none), (4096, nil), (4097, .multipartPartHeader)])
    func aLineOfAHeadHasAtMost4096Bytes(count: Int, problem: BodyProblem?) {
        let head = "Content-Disposition: form-data; name=a\r\nX: " + String(repeating: "x", count: count - 3)
        let read = BodyFixture.multipart(MultipartBodyTests.part(head) + MultipartBodyTests.end)
        #expect(read.problem == problem)
    }

    @Test(arguments: [(31, BodyProblem?.none), (32, nil), (33, .multipartPartHeader)])
    func aHeadHasAtMost32Lines(count: Int, problem: BodyProblem?) {
        let more = (1..<count).map { "\r\nX-\($0): y" }.joined()
        let head = "Content-Disposition: form-data; name=a" + more
        #expect(BodyFixture.multipart(MultipartBodyTests.part(head) + MultipartBodyTests.end).problem == problem)
    }

    @Test(arguments: [(2, BodyProblem?.none), (3, nil), (4, .multipartTooManyParts)])
    func partsAreBounded(count: Int, problem: BodyProblem?) {
        var limits = InspectionLimits()
        limits.parts = 3
        let text = String(repeating: MultipartBodyTests.field("a"), count: count) + MultipartBodyTests.end
        #expect(BodyFixture.multipart(text, limits: limits).problem == problem)
    }

    @Test(arguments: ["base64", "quoted-printable", "QUOTED-PRINTABLE", "x-uuencode", ""])
    func encodedPartsAreAProblem(encoding: String) {
        // attacks 58: CVE-2022-39956, the backend decodes what the rules did not.
        let read = BodyFixture.multipart(
            MultipartBodyTests.part(
                "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: \(encoding)", "PHNjcmlwdD4=")
                + MultipartBodyTests.field("b") + MultipartBodyTests.end)
        #expect(read.problem == .multipartEncoding)
        // The rules see all parts before it is refused.
        #expect(read.table.pairs(.argsPost) == ["a=PHNjcmlwdD4=", "b=v"])
        #expect(read.table.pairs(.multipartPartHeaders).contains("a=Content-Transfer-Encoding: \(encoding)"))
    }

    @Test(arguments: ["7bit", "8BIT", "binary"])
    func partsMaySayThatTheyAreNotEncoded(encoding: String) {
        let head = "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: " + encoding
        #expect(BodyFixture.multipart(MultipartBodyTests.part(head) + MultipartBodyTests.end).problem == nil)
    }

    @Test(arguments: [["utf-7", "utf-8"], ["utf-8", "utf-7"], ["utf-16", "utf-16"]])
    func theCharsetOfEachPartCounts(charsets: [String]) {
        // attacks 58: CVE-2026-21876, only the last of several charsets was looked at.
        let parts = charsets.map {
            MultipartBodyTests.part("Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=\($0)")
        }
        let read = BodyFixture.multipart(parts.joined() + MultipartBodyTests.end)
        #expect(read.problem == .multipartCharset)
        #expect(read.table.pairs(.argsPost).count == 2)
    }

    @Test(arguments: [("utf-8", BodyProblem?.none), ("UTF-7", .multipartCharset), ("utf-16", .multipartCharset)])
    func theFieldThatDeclaresACharsetCounts(charset: String, problem: BodyProblem?) {
        let text = MultipartBodyTests.field("_charset_", charset) + MultipartBodyTests.end
        #expect(BodyFixture.multipart(text).problem == problem)
    }

    @Test func anEmptyPartHasALineOfItsOwn() {
        #expect(BodyFixture.multipart(MultipartBodyTests.field("a", "") + MultipartBodyTests.end).problem == nil)
        let text = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n--B--\r\n"
        #expect(BodyFixture.multipart(text).problem == .multipartPart)
    }
}
