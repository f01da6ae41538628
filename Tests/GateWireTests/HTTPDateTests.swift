import Foundation
import GatePrimitives
import NIOCore
import Testing

@testable import GateWire

@Suite struct HTTPDateTests {
    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_164_799, "Wed, 28 Feb 2024 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    ]) func knownDates(seconds: Int64, expected: String) { #expect(HTTPDate.text(seconds: seconds) == expected) }

    @Test func everyFewDaysOfTwoCenturiesAgreeWithAnotherCalendar() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for step in 0..<2000 {
            let seconds = Int64(step) * 3_333_333
            let expected = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            #expect(HTTPDate.text(seconds: seconds) == expected)
        }
    }

    @Test func theLineIsRenderedOnceASecond() {
        var date = HTTPDate()
        var buffer = ByteBuffer()
        date.write(into: &buffer, now: WallInstant(milliseconds: 784_111_777_999))
        date.write(into: &buffer, now: WallInstant(milliseconds: 784_111_778_000))
        #expect(
            String(buffer: buffer)
                == "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ndate: Sun, 06 Nov 1994 08:49:38 GMT\r\n")
    }

    @Test(arguments: [0, 9, 10, 99, 1_234_567_890, UInt64.max]) func decimals(number: UInt64) {
        var buffer = ByteBuffer()
        buffer.writeDecimal(number)
        #expect(String(buffer: buffer) == "\(number)")
    }
}
