/**
 * What people and machines say when they answer. The detector was set by the first half of each list; the figures that are
 * published are of the second half, which it has never heard.
 */
export const PEOPLE = [
  'Hello?',
  'Hello.',
  'Yes?',
  'Hi.',
  'Hello, this is Anna.',
  'Smith.',
  'Good morning.',
  'Yeah, hello?',
  'John speaking.',
  'Hello, who is this?',
  'Meyer and Sons, hello.',
  'Good afternoon, Peter Miller.',
  // from here on never heard
  'Hey.',
  'Hello hello?',
  'Yes, hello.',
  'Maria here.',
  'Hello, Jones residence.',
  'Speaking.',
  'Good evening.',
  'Hi, this is Tom.',
  'Customer service, Linda.',
  'Allo?',
  'Yes, this is she.',
  'Front desk, how can I help?',
] as const

export const MACHINES = [
  'You have reached the voice mail of Anna Miller. Please leave a message after the tone.',
  'Hello, this is John. I am not here right now, so please leave your name and number.',
  'The person you are calling is not available. Please try again later.',
  'Hi, you have reached the Smiths. We cannot come to the phone right now.',
  'Your call has been forwarded to an automatic voice message system.',
  'Thank you for calling. Our office is closed. Our hours are nine to five, Monday to Friday.',
  'Sorry, I missed your call. Leave a message and I will call you back.',
  'The number you have dialled is not in service.',
  'This is the mailbox of five five five, zero one zero one. At the tone, please record your message.',
  'Hello. Nobody is at home. Speak after the beep.',
  'Please hold the line. All of our agents are busy.',
  'Hey, it is Mike, you know what to do at the beep, so do it and I will get back to you.',
  // from here on never heard
  'You are connected to the answering machine of Doctor Brown. The practice is closed today.',
  'I am sorry, the subscriber cannot be reached at the moment.',
  'Hi, this is Laura. I cannot take your call. Please leave me a message.',
  'Welcome to Acme. For sales press one. For support press two.',
  'Your call cannot be completed as dialled. Please check the number and dial again.',
  'We are away on holiday until the first of May. In urgent cases please call my colleague.',
  'The mailbox is full and cannot accept any messages at this time. Goodbye.',
  'Good day. You have called outside of our opening hours.',
  'This is Steve. Leave your name, your number, and a short message.',
  'At the tone, please record your message. When you are finished, hang up, or press hash for more options.',
  'Hello, you have reached my voice mail, I will call you back as soon as I can.',
  'Please leave your message after the signal, and thank you for your call.',
] as const
