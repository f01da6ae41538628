import GateWAF
import Testing

@Suite struct RequestBodyTests {
    private static let form = "application/x-www-form-urlencoded"

    @Test func aFormIsArgumentsOfThePost() {
        let read = BodyFixture(bytes("a=%3Cb%3E&c=d+e&f"), type: RequestBodyTests.form)
        #expect(read.problem == nil)
        #expect(read.table.pairs(.argsPost) == ["a=<b>", "c=d e", "f="])
        #expect(read.table.pairs(.args) == read.table.pairs(.argsPost))
        #expect(read.table.values(.argsPostNames) == ["a", "c", "f"])
        #expect(read.table.pairs(.argsGet).isEmpty)
        #expect(read.table.value(.reqbodyProcessor) == "URLENCODED")
        #expect(read.table.value(.reqbodyError) == "0")
        #expect(read.table.value(.requestBody) == "a=%3Cb%3E&c=d+e&f")
        #expect(read.table.value(.requestBodyLength) == "17")
        #expect(read.table.value(.argsCombinedSize) == "9")
    }

    @Test func argumentsOfTheQueryAndTheBodyAreCountedTogether() {
        var table = VariableTable()
        let isComplete = table.addRequestLine(
            method: bytes("POST").span, target: bytes("/?q=1").span, protocolName: bytes("HTTP/1.1").span)
        #expect(isComplete)
        table.addRequestHeader(name: bytes("Content-Type").span, value: bytes(RequestBodyTests.form).span)
        #expect(table.value(.argsCombinedSize) == "2")
        let problem = table.addRequestBody(bytes("ab=cd").span)
        #expect(problem == nil)
        #expect(table.pairs(.args) == ["q=1", "ab=cd"])
        #expect(table.value(.argsCombinedSize) == "6")
        // `Content-Type: …\n`, two line feeds, the body.
        #expect(table.value(.fullRequestLength) == "\(14 + RequestBodyTests.form.utf8.count + 1 + 2 + 5)")
    }

    @Test(arguments: [(2, BodyProblem?.none), (3, nil), (4, .tooManyArguments)])
    func argumentsBeyondTheLimitAreAProblem(count: Int, problem: BodyProblem?) {
        // attacks 61: 10 000 arguments. The limit here is 3.
        var limits = InspectionLimits()
        limits.arguments = 3
        let values = Array(repeating: "1", count: count).joined(separator: ",")
        let parts = Array(repeating: "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n", count: count)
        let form = bytes(values.replacing(",", with: "&"))
        #expect(BodyFixture(form, type: RequestBodyTests.form, limits: limits).problem == problem)
        #expect(BodyFixture.json("[\(values)]", limits: limits).problem == problem)
        #expect(BodyFixture.multipart(parts.joined() + "--B--\r\n", limits: limits).problem == problem)
        let attributes = (0..<count).map { " a\($0)='1'" }.joined()
        #expect(BodyFixture.xml("<r\(attributes)/>", limits: limits).problem == problem)
    }

    @Test func aBodyOfUnknownTypeIsRawBytes() {
        for type in ["", "text/plain", "application/json", "application/octet-stream"] {
            let read = BodyFixture(bytes("a=b"), type: type)
            #expect(read.problem == nil)
            #expect(read.table.value(.requestBody) == "a=b")
            #expect(read.table.value(.reqbodyProcessor) == "")
            #expect(read.table.values(.args).isEmpty)
        }
    }

    @Test func theProcessorThatRulesNameCountsMoreThanTheType() {
        let read = BodyFixture(bytes("a=b"), type: "text/plain", as: .urlencoded)
        #expect(read.table.pairs(.argsPost) == ["a=b"])
        #expect(read.table.value(.reqbodyProcessor) == "URLENCODED")
    }

    @Test func noBodyIsNoProblem() {
        for processor in [RequestBodyProcessor.json, .xml, .urlencoded] {
            let read = BodyFixture([], type: "x/y", as: processor)
            #expect(read.problem == nil)
            #expect(read.table.value(.reqbodyError) == "0")
            #expect(read.table.value(.requestBody) == "")
        }
    }

    @Test func twoContentTypesAreAProblem() {
        // attacks 59
        var table = VariableTable()
        table.addRequestHeader(name: bytes("Content-Type").span, value: bytes("text/plain").span)
        table.addRequestHeader(name: bytes("content-type").span, value: bytes(RequestBodyTests.form).span)
        let problem = table.addRequestBody(bytes("a=b").span)
        #expect(problem == .duplicateContentType)
        #expect(table.value(.reqbodyError) == "1")
        #expect(table.value(.reqbodyErrorMessage) == "Content-Type given more than once")
    }

    @Test(arguments: [
        ("utf-8", true), ("UTF-8", true), ("\"utf-8\"", true), ("'utf-8'", true), ("us-ascii", true),
        ("iso-8859-1", true),
        ("ISO-8859-15", true), ("windows-1252", true),
        ("utf-7", false), ("utf-16", false), ("UTF-16LE", false), ("utf-32", false), ("ibm037", false),
        ("shift_jis", false), ("gbk", false), ("iso-2022-jp", false), ("", false), ("utf-8\"", false),
        ("iso-8859-", false), ("iso-8859-x", false), ("utf-8; charset=utf-7", false), ("utf-8;charset=utf-8", false),
    ])
    func onlyCharsetsThatContainASCIIAreRead(charset: String, isRead: Bool) {
        // attacks 59: UTF-7, UTF-16
        let type = RequestBodyTests.form + "; charset=" + charset
        let read = BodyFixture(bytes("a=b"), type: type)
        #expect(read.problem == (isRead ? nil : .charset))
        // Rules see what there is all the same.
        #expect(read.table.pairs(.argsPost) == ["a=b"])
    }

    @Test func everyProblemHasAMessageOfItsOwn() {
        #expect(Set(BodyProblem.allCases.map(\.rawValue)).count == BodyProblem.allCases.count)
        #expect(BodyProblem.allCases.filter(\.isMultipart).allSatisfy { $0.rawValue.hasPrefix("Multipart") })
    }
}
