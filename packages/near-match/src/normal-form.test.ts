import { describe, expect, it } from '@jest/globals';
import { languages, normalForm, rulesVersion } from './index.ts';

describe('normalForm', () => {
  it.each([
    ['How do I cancel my subscription?', 'how i cancel my subscription'],
    ['Hi, how can I cancel my subscription? Thanks!', 'how i cancel my subscription'],
    ['how do i cancle my subscription', 'how i cancel my subscription'],
    ['How do I not cancel my subscription?', 'how i not cancel my subscription'],
    ["Why can't I log in?", 'why can not i log in'],
    ['In the shower, why is the pressure low?', 'why is the pressure low in the shower'],
    ['Transfer $50 from A to B please', 'transfer $50 from A to B'],
    ['What does "On Hold" mean?', 'what do "On Hold" mean'],
    ['How do I sort a list in C#?', 'how i sort a list in C#'],
    ['How do I contact US offices?', 'how i contact US offices'],
    ['My order is late?', 'my order is late ?'],
    ['What do animals eat?', 'what do animals eat'],
  ])('gives %j the form %j', (text, form) => {
    expect(normalForm(text)).toBe(form);
  });

  it.each([
    ['an empty text', ''],
    ['blanks', '   '],
    ['punctuation', '??'],
    ['thanks', 'thanks'],
    ['an affirmation', 'yes'],
    ['a request without content', 'do it'],
    ['a question without content', 'what is it?'],
    ['a text of another language', 'Wie kündige ich mein Abo?'],
    ['code', 'print(x) for x in range(3)'],
    ['a formula', 'what is 2 + 3 * 4'],
    ['text after a colon', 'Write this down: How do I pay?'],
    ['a question about spelling', 'How do you spell acess?'],
    ['a question about a word', 'Is sorry a verb?'],
    ['a translation', 'Translate how are you to French please'],
    ['a list', 'How do I sort these?\n- b\n- a'],
    ['an error next to a naming word', 'Is the company called Acess any good?'],
    ['an error next to its correction', 'What is the acount of my account?'],
    ['a correction before its error', 'What is the account of my acount?'],
    ['capitals that hide a name', 'HOW DO I CONTACT US?'],
  ])('gives no form to %s', (_name, text) => {
    expect(normalForm(text)).toBeUndefined();
  });

  it('gives no form in an unknown language', () => {
    expect(normalForm('How do I cancel my plan?', { language: 'tlh' })).toBeUndefined();
    expect(normalForm('How do I cancel my plan?', { language: 'en' })).toBe('how i cancel my plan');
  });

  it('lists its languages and the version of its rules', () => {
    expect(languages).toEqual(['en']);
    expect(rulesVersion).toBeGreaterThanOrEqual(1);
  });
});
