import GatePrimitives
import NIOCore

/// The `date` field line of the current second, rendered once a second and loop (RFC 9110 §5.6.7, §6.6.1).
struct HTTPDate {
    private var second: Int64 = .min
    private var line = ByteBuffer()

    /// Appends `date: …` with its CRLF.
    mutating func write(into buffer: inout ByteBuffer, now: WallInstant) {
        if now.seconds != second {
            second = now.seconds
            line = ByteBuffer(string: "date: \(Self.text(seconds: second))\r\n")
        }
        var copy = line
        buffer.writeBuffer(&copy)
    }

    /// The IMF-fixdate of a second since the epoch.
    static func text(seconds: Int64) -> String {
        let days = Int((Double(seconds) / 86400).rounded(.down))
        let rest = Int(seconds) - days * 86400
        let (year, month, day) = civil(days)
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][((days % 7) + 7) % 7]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(weekday), \(two(day)) \(months[month - 1]) \(year) "
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) GMT"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The civil date of a day number since 1970-01-01, in the proleptic Gregorian calendar: eras of 400 years, years
    /// that begin in March.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
