import CNghttp2
import NIOCore
import Testing

@testable import GateWire

@Suite struct HTTP2FieldsTests {
    /// Each field as `name=value`, those that compression must not index marked.
    private func fields(_ text: String) -> [String]? {
        var lines = ByteBuffer(string: text)
        return unsafe HTTP2Fields.withFields(of: &lines) { fields in
            unsafe fields.map { field in
                // SAFETY: the pointers are valid within the closure.
                let name = unsafe UnsafeBufferPointer(start: field.name, count: field.namelen)
                let value = unsafe UnsafeBufferPointer(start: field.value, count: field.valuelen)
                let mark = unsafe field.flags == 0 ? "" : "!"
                return unsafe String(decoding: name, as: UTF8.self) + "=" + String(decoding: value, as: UTF8.self)
                    + mark
            }
        }
    }

    @Test func linesBecomeFieldsWithNamesInLowerCase() {
        #expect(
            fields(":status: 200\r\nContent-Type: Text/HTML\r\nX-Empty: \r\nX-Time: 10:20: 30\r\n")
                == [":status=200", "content-type=Text/HTML", "x-empty=", "x-time=10:20: 30"])
    }

    @Test func cookiesAreNotIndexed() {
        #expect(fields(":status: 200\r\nSet-Cookie: a=1\r\n") == [":status=200", "set-cookie=a=1!"])
    }

    @Test(arguments: ["x: 1", "x: 1\r", "x\r\n", "x:\r\n", "\r\n", ":", "x: 1\r\ny", "x: 1\ry: 2\r\n"])
    func whatIsNoLineIsRefused(text: String) { #expect(fields(text) == nil) }

    @Test func nothingIsNoHead() { #expect(fields("")?.isEmpty ?? true) }
}
