import NIOCore

/// The status line of an answer of the gateway's own.
enum StatusLine {
    static func write(_ status: Int, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeDecimal(UInt64(max(0, status)))
        buffer.writeStaticString(phrase(status))
    }

    /// RFC 9110 §15; the phrase carries no meaning, an unknown status gets none.
    private static func phrase(_ status: Int) -> StaticString {
        switch status {
        case 200: " OK\r\n"
        case 204: " No Content\r\n"
        case 301: " Moved Permanently\r\n"
        case 308: " Permanent Redirect\r\n"
        case 400: " Bad Request\r\n"
        case 401: " Unauthorized\r\n"
        case 403: " Forbidden\r\n"
        case 404: " Not Found\r\n"
        case 405: " Method Not Allowed\r\n"
        case 408: " Request Timeout\r\n"
        case 413: " Content Too Large\r\n"
        case 414: " URI Too Long\r\n"
        case 415: " Unsupported Media Type\r\n"
        case 421: " Misdirected Request\r\n"
        case 429: " Too Many Requests\r\n"
        case 431: " Request Header Fields Too Large\r\n"
        case 500: " Internal Server Error\r\n"
        case 501: " Not Implemented\r\n"
        case 502: " Bad Gateway\r\n"
        case 503: " Service Unavailable\r\n"
        case 504: " Gateway Timeout\r\n"
        case 508: " Loop Detected\r\n"
        default: " \r\n"
        }
    }
}

extension ByteBuffer {
    /// Appends a number in decimal digits, without a string.
    mutating func writeDecimal(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor &*= 10 }
        var rest = number
        while divisor > 0 {
            writeInteger(UInt8(truncatingIfNeeded: 48 &+ rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
