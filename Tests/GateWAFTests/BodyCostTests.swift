import GateWAF
import Testing

/// Bodies that are made to be slow or large (attacks 61): time per byte is flat, and memory bounded.
@Suite struct BodyCostTests {
    /// A body of about a number of bytes, and how it is read.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let type: String
        var processor: RequestBodyProcessor?
        let make: @Sendable (_ count: Int) -> String

        var testDescription: String { name }
    }

    private static let multipart = "multipart/form-data; boundary=" + String(repeating: "-", count: 60) + "x"

    private static let cases: [Case] = [
        Case(name: "form of escapes", type: "application/x-www-form-urlencoded") {
            String(repeating: "%41", count: $0 / 3)
        },
        Case(name: "form of empty pairs", type: "application/x-www-form-urlencoded") {
            String(repeating: "&", count: $0)
        },
        Case(name: "multipart of hyphens", type: multipart) { String(repeating: "-", count: $0) },
        Case(name: "multipart of lines of hyphens", type: multipart) {
            String(repeating: "--\r\n", count: $0 / 4)
        },
        Case(name: "multipart of long lines of hyphens", type: multipart) {
            "x" + String(repeating: "-", count: $0)
        },
        Case(name: "multipart of carriage returns", type: multipart) { String(repeating: "\r", count: $0) },
        Case(name: "JSON of keys", type: "application/json", processor: .json) {
            "{" + (0..<($0 / 10)).map { "\"\($0)\":{}" }.joined(separator: ",") + "}"
        },
        Case(name: "JSON of empty arrays", type: "application/json", processor: .json) {
            "[" + String(repeating: "[],", count: $0 / 3) + "[]]"
        },
        Case(name: "JSON of escapes", type: "application/json", processor: .json) {
            "\"" + String(repeating: "\\u0041", count: $0 / 6) + "\""
        },
        Case(name: "JSON of white space", type: "application/json", processor: .json) {
            String(repeating: " ", count: $0) + "1"
        },
        Case(name: "XML of one attribute", type: "text/xml", processor: .xml) {
            "<a b='" + String(repeating: "&lt;", count: $0 / 4) + "'/>"
        },
        Case(name: "XML of references", type: "text/xml", processor: .xml) {
            "<a>" + String(repeating: "&#65;", count: $0 / 5) + "</a>"
        },
        Case(name: "XML of a name that does not end", type: "text/xml", processor: .xml) {
            "<" + String(repeating: "a", count: $0)
        },
        Case(name: "XML of elements", type: "text/xml", processor: .xml) {
            "<a>" + String(repeating: "<b/>", count: $0 / 4) + "</a>"
        },
    ]

    @Test(arguments: cases)
    func timePerByteIsFlat(item: Case) {
        var limits = InspectionLimits()
        limits.arguments = .max
        let isLinear = isFlat(short: 8192, long: 131_072) { count in
            let body = bytes(item.make(count))
            return { _ = BodyFixture(body, type: item.type, as: item.processor, limits: limits) }
        }
        #expect(isLinear)
    }

    @Test(arguments: cases)
    func memoryIsBounded(item: Case) {
        // Without limits on arguments, which bound the rows and the names.
        var limits = InspectionLimits()
        limits.arguments = .max
        let body = bytes(item.make(65_536))
        let read = BodyFixture(body, type: item.type, as: item.processor, limits: limits)
        #expect(read.table.bytes.count <= 65_536 + 2 * body.count)
    }
}
