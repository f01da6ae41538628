import GatePrimitives
import Testing

struct JSONOutputTests {
    @Test func valuesAreWrittenInOrderOnOneLine() {
        let value = JSONOutput.object([
            .init("z", .array([.number(-1), .flag(true), .flag(false), .null])), .init("a", .object([])),
        ])
        #expect(value.rendered == #"{"z":[-1,true,false,null],"a":{}}"#)
    }

    @Test func whatCouldEndALineOrActOnATerminalIsEscaped() {
        let value = JSONOutput.text("\"\\\n\r\t\u{0}\u{1b}[2J\u{7f}\u{9b}\u{2028}\u{2029}é")
        #expect(value.rendered == #""\"\\\n\r\t\u0000\u001b[2J\u007f\u009b\u2028\u2029é""#)
    }

    @Test func namesAreEscapedToo() {
        #expect(JSONOutput.object([.init("a\"b", "c")]).rendered == #"{"a\"b":"c"}"#)
    }
}
